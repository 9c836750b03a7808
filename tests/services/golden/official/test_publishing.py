"""Official lists published to a folder: names, versions, the newest, and what is in the way."""

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import NotPermitted, Refused
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import exports, generation
from app.services.golden import lists as golden_lists
from app.services.golden.official import publications, publishing
from tests.builders import EXPERT, NOBODY
from tests.conftest import TestServer, prepared
from tests.door.site_pages import RULE, certified, flag_bad, make_official

ERA = "Collisions2025"
NAME = "Cert_Collisions2025_390001_390002_Golden"


def three_lists(database: Database) -> None:
    """List 1; list 2, without the LS 3 to 5 of a run; list 3 for muons."""
    certified(database)
    make_official(database)
    flag_bad(database)
    make_official(database)
    make_official(database, "Muon")


@pytest.fixture
def season_dsn(server: TestServer) -> Iterator[str]:
    with server.copy(server.template("official_lists", three_lists)) as dsn:
        yield dsn


@pytest.fixture
def season(season_dsn: str) -> Iterator[Database]:
    with prepared(season_dsn) as database:
        yield database


def publish(season: Database, folder: Path, *ids: int, why: str = "") -> publishing.Published:
    return publishing.publish(Acting(season, EXPERT), ids, folder, why)


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def text_of(season: Database, id_: int) -> bytes:
    list_ = golden_lists.of_database(Acting(season), id_)
    return exports.text_of(None, exports.Export.GOLDEN, list_).encode()


def check_sums(folder: Path, *sums: str) -> None:
    """As a reader does."""
    subprocess.run(["sha256sum", "--check", "--strict", *sums], cwd=folder, check=True)


def test_that_a_list_is_published_with_its_forms_sums_provenance_and_as_the_newest(
    season: Database, tmp_path: Path
) -> None:
    done = publish(season, tmp_path, 1)
    assert done.text == f"Published {NAME}: wrote 8 files in {tmp_path}."
    era = tmp_path / ERA
    assert {file.name for file in era.iterdir()} == {
        f"{NAME}.json",
        f"{NAME}_with_dataset_names.json",
        f"{NAME}_anti.json",
        f"{NAME}.sha256",
        f"{NAME}.provenance.json",
        "latest.json",
        "latest.json.sha256",
        "published.json",
    }
    assert (era / f"{NAME}.json").read_bytes() == text_of(season, 1)
    assert (era / "latest.json").read_bytes() == text_of(season, 1)
    check_sums(era, f"{NAME}.sha256", "latest.json.sha256")
    provenance = json.loads((era / f"{NAME}.provenance.json").read_text())
    assert provenance["file_sha256"] == hashlib.sha256(text_of(season, 1)).hexdigest()
    assert provenance["published"]["version"] == 1
    assert provenance["published"]["by"] == EXPERT.email


def test_that_publishing_twice_changes_nothing(season: Database, tmp_path: Path) -> None:
    publish(season, tmp_path, 1, 2, 3, why="HV trip")
    before = {file: file.stat() for file in tmp_path.rglob("*")}
    again = publish(season, tmp_path, 1, 2, 3, why="HV  trip ")
    assert (again.written, again.text.split("; ")[1]) == ((), "nothing was changed.")
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == {
        file: was.st_mtime_ns for file, was in before.items()
    }
    # Another folder gets the same, by somebody without rights, too.
    other = tmp_path.parent / f"{tmp_path.name}-copy"
    other.mkdir()
    publishing.publish(Acting(season, NOBODY), [1, 2, 3], other)
    assert content(other) == content(tmp_path)


def test_that_the_next_version_takes_the_place_of_the_one_before_and_says_why(
    season: Database, tmp_path: Path
) -> None:
    publish(season, tmp_path, 1)
    with pytest.raises(Refused, match="Golden JSON 2 takes the place of golden JSON 1"):
        publish(season, tmp_path, 2)
    (proposed,) = publishing.proposed(Acting(season, EXPERT), [2])
    assert proposed.needs_reason
    assert proposed.text == (
        f"{NAME}_v2: version 2 of {ERA}, golden. It takes the place of golden JSON 1 and loses 3"
        " lumisections."
    )
    publish(season, tmp_path, 2, why="DT had an HV trip.")
    era = tmp_path / ERA
    assert (era / f"{NAME}.json").read_bytes() == text_of(season, 1)
    assert (era / f"{NAME}_v2.json").read_bytes() == text_of(season, 2)
    assert (era / "latest.json").read_bytes() == text_of(season, 2)
    check_sums(era, f"{NAME}.sha256", f"{NAME}_v2.sha256", "latest.json.sha256")
    index = json.loads((era / "published.json").read_text())
    newest, oldest = index["published"]
    assert (newest["parent"], newest["why"], newest["superseded_by"]) == (
        1,
        "DT had an HV trip.",
        None,
    )
    assert newest["changed"]["lumisections_lost"] == 3
    assert (oldest["version"], oldest["superseded_by"]) == (1, 2)
    made = publications.of_list(Acting(season), 2)
    assert made is not None
    assert publications.text_of(made) == (
        f"Published as {NAME}_v2, version 2 of {ERA}, golden. It takes the place of golden JSON 1:"
        " DT had an HV trip."
    )
    with pytest.raises(Refused, match="for another reason, which can't be changed: DT had"):
        publish(season, tmp_path, 2, why="I like it")


def test_that_each_kind_has_its_own_newest_where_the_door_has_it(
    season: Database, tmp_path: Path
) -> None:
    publish(season, tmp_path, 1, 3)
    era = tmp_path / ERA
    assert (era / "latest.json").read_bytes() == text_of(season, 1)
    assert (era / "muon" / "latest.json").read_bytes() == text_of(season, 3)
    assert (era / "Cert_Collisions2025_390001_390002_Muon.json").exists()
    check_sums(era / "muon", "latest.json.sha256")


def test_that_an_older_version_in_a_new_folder_brings_the_newest_with_it(
    season: Database, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    publish(season, first, 1, 2, why="HV trip")
    publish(season, second, 1)
    assert content(first) == content(second)


def test_that_a_deleted_list_is_withdrawn_and_not_the_newest(
    season: Database, tmp_path: Path
) -> None:
    publish(season, tmp_path, 1, 2, why="HV trip")
    generation.delete(Acting(season, EXPERT), [2])
    publish(season, tmp_path, 1)
    era = tmp_path / ERA
    assert (era / "latest.json").read_bytes() == text_of(season, 1)
    assert (era / f"{NAME}_v2.json").exists()
    newest, oldest = json.loads((era / "published.json").read_text())["published"]
    assert (newest["withdrawn"], newest["sha256"]) == (True, None)
    assert oldest["superseded_by"] is None


@pytest.mark.parametrize(
    "name",
    [f"{NAME}.json", f"{NAME}.sha256", f"{NAME}.provenance.json", "latest.json",
     "latest.json.sha256", "published.json"],
)  # fmt: skip
def test_that_a_file_that_says_something_else_is_never_replaced(
    season: Database, tmp_path: Path, name: str
) -> None:
    (tmp_path / ERA).mkdir()
    (tmp_path / ERA / name).write_text('{"390001": [[1, 1]]}')
    with pytest.raises(Refused, match=f"{name} is there already and says something else"):
        publish(season, tmp_path, 1)
    assert content(tmp_path) == {f"{ERA}/{name}": b'{"390001": [[1, 1]]}'}
    assert publications.published(Acting(season)) == ()


def test_that_what_is_not_official_or_of_no_era_and_who_is_no_expert_are_refused(
    season: Database, tmp_path: Path
) -> None:
    plain = generation.generate(Acting(season, EXPERT), "%/PromptReco/Collisions2025A/DQM", RULE).id
    with pytest.raises(Refused, match=f"Golden JSON {plain} is not official"):
        publish(season, tmp_path, plain)
    several = "%/(PromptReco/Collisions2025A|Express/Collisions2024)/DQM"
    with pytest.raises(Refused, match="belongs to no single era"):
        publish(season, tmp_path, make_official(season, pattern=several))
    with pytest.raises(NotPermitted, match="may publish a golden JSON"):
        publishing.publish(Acting(season, NOBODY), [1], tmp_path)
    with pytest.raises(Refused, match="There is no folder"):
        publish(season, tmp_path / "nowhere", 1)
    assert content(tmp_path) == {}


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for three of the files of a list."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_that_nothing_is_published_where_the_files_have_no_room(
    season: Database, full_disk: Path
) -> None:
    with pytest.raises(Refused, match=r"can't be written: the disk is full") as refused:
        publish(season, full_disk, 1)
    assert "is published" not in str(refused.value)
    assert content(full_disk) == {}
    assert publications.published(Acting(season)) == ()


def test_that_a_publication_without_all_of_its_files_says_so_and_is_completed_by_the_next(
    season: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = publishing.files.write

    def full(file: Path, text: str) -> None:
        if file.name == "latest.json":
            raise Refused(f"{file} can't be written: the disk is full.")
        write(file, text)

    monkeypatch.setattr(publishing.files, "write", full)
    with pytest.raises(Refused, match=rf"the disk is full\. In the database {NAME} is published"):
        publish(season, tmp_path, 1)
    assert not (tmp_path / ERA / "latest.json").exists()
    with pytest.raises(Refused, match=r"the disk is full\. Publish to .* again"):
        publish(season, tmp_path, 1)
    monkeypatch.undo()
    done = publish(season, tmp_path, 1)
    assert [file.name for file in done.written] == [
        "latest.json",
        "latest.json.sha256",
        "published.json",
    ]
    check_sums(tmp_path / ERA, f"{NAME}.sha256", "latest.json.sha256")


KILLED = """
import os, signal, sys
from pathlib import Path
from app import files
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden.official import publishing
from tests.builders import EXPERT

left, replace = int(sys.argv[3]), os.replace

def replaced(*given):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*given)

os.replace = replaced
database = Database(sys.argv[1])
database.prepare()
publishing.publish(Acting(database, EXPERT), [2], Path(sys.argv[2]), "HV trip")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("after", [0, 2, 6])
def test_that_a_publication_that_was_killed_is_whole_for_readers_and_completed_later(
    season: Database, season_dsn: str, tmp_path: Path, after: int
) -> None:
    """Before its first file, between its files, and between the newest and its sum."""
    publish(season, tmp_path, 1)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, season_dsn, str(tmp_path), str(after)],
        cwd=Path(__file__).parents[4],
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    era = tmp_path / ERA
    assert (era / "latest.json").read_bytes() in (text_of(season, 1), text_of(season, 2))
    check_sums(era, f"{NAME}.sha256")
    publish(season, tmp_path, 2, why="HV trip")
    whole = tmp_path.parent / f"{tmp_path.name}-whole"
    whole.mkdir()
    publish(season, whole, 1, 2)
    assert content(tmp_path) == content(whole)


def test_that_a_newer_version_of_somebody_else_stays_the_newest(
    season: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two publish at once: who began first writes last."""
    write = publishing.files.write
    overtaken = []

    def slow(file: Path, text: str) -> None:
        if file.name == "latest.json" and not overtaken:
            overtaken.append(file)
            publish(season, tmp_path, 2, why="HV trip")
        write(file, text)

    monkeypatch.setattr(publishing.files, "write", slow)
    publish(season, tmp_path, 1)
    era = tmp_path / ERA
    assert (era / "latest.json").read_bytes() == text_of(season, 2)
    check_sums(era, "latest.json.sha256")
    assert len(json.loads((era / "published.json").read_text())["published"]) == 2
