"""Command `report`: pages written whole, in the form that the name of the file says."""

import sys

import pytest

from tests.services import certified_in_may
from tests.services.offline_runs import FIRST

ERA = ("report", "era", "--datasets", "/PromptReco/%")


@pytest.fixture
def registry(run_registry, server):
    """`run_registry` on a fresh copy of the season of May."""
    template = server.template(certified_in_may.TEMPLATE, certified_in_may.fill)
    with server.copy(template) as dsn:
        yield lambda *words: run_registry("--dsn", dsn, *words)


def test_that_each_report_is_written_as_a_page(registry, tmp_path):
    out = tmp_path / "report.html"
    for words in (("report", "shift"), ("report", "call"), ERA):
        ran = registry(*words, "--out", out, "--json")
        assert ran.code == 0, ran.err
        assert ran.document["file"] == str(out)
        assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    first = out.read_bytes()
    version = ran.document["version"]
    assert registry(*ERA, "--as-of", version, "--out", out).code == 0
    assert out.read_bytes() == first


def test_that_a_report_is_written_as_pdf(registry, tmp_path):
    out = tmp_path / "era.pdf"
    assert registry(*ERA, "--out", out).code == 0
    assert out.read_bytes().startswith(b"%PDF-")
    assert registry(*ERA, "--out", out).code == 0, "a PDF takes the place of a PDF"


def test_that_a_pdf_without_qt_is_refused_with_what_to_do_instead(registry, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "app.views.reports.printing", raising=False)
    monkeypatch.setitem(sys.modules, "PySide6.QtGui", None)
    monkeypatch.setattr("app.views.reports.printing", None, raising=False)
    monkeypatch.delattr("app.views.reports.printing")
    ran = registry(*ERA, "--out", tmp_path / "era.pdf")
    assert ran.code == 1
    assert "Qt" in ran.err
    assert ".html" in ran.err
    assert registry(*ERA, "--out", tmp_path / "era.html").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*ERA, "--out", "era.txt"), "neither FILE.html nor FILE.pdf"),
        ((*ERA, "--out", "/nowhere/era.html"), "there is no folder /nowhere"),
        (("report", "era", "--datasets", "/(A", "--out", "era.html"), "is not a pattern"),
        ((*ERA, "--as-of", "0", "--out", "era.html"), "up to version 0"),
        ((*ERA, "--as-of", "9999", "--out", "era.html"), "9999"),
        ((*ERA, "--rule", "godlen", "--out", "era.html"), "golden"),
        (("report", "shift", "--from", "soon", "--out", "s.html"), "is no time"),
        (("report", "call", "--cycle", "7", "--out", "c.html"), "no cycle 7"),
    ],
)
def test_that_what_can_t_be_made_is_refused_and_nothing_written(
    registry, tmp_path, monkeypatch, words, said
):
    monkeypatch.chdir(tmp_path)
    before = {*tmp_path.iterdir()}
    ran = registry(*words)
    assert ran.code == 1
    assert said in ran.err
    assert not {file.name for file in {*tmp_path.iterdir()} - before} - {"state"}


def test_that_another_file_stays_and_a_full_disk_is_named(registry, tmp_path):
    other = tmp_path / "thesis.html"
    other.write_text("My thesis")
    ran = registry(*ERA, "--out", other)
    assert ran.code == 1
    assert "--force" in ran.err
    assert other.read_text() == "My thesis"
    full = tmp_path / "full.html"
    full.symlink_to("/dev/full")
    ran = registry(*ERA, "--out", full)
    assert ran.code == 1
    assert "the disk is full" in ran.err


def test_that_a_shift_is_named_by_its_begin(registry, tmp_path):
    out = tmp_path / "shift.html"
    ran = registry("report", "shift", "--from", "2025-05-01T08:00", "--out", out)
    assert ran.code == 0
    assert "2025-05-01 08:00 to 2025-05-01 16:00 UTC" in ran.out
    assert str(FIRST) in out.read_text(encoding="utf-8")
