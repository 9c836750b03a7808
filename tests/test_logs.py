import faulthandler
import logging
import warnings
from pathlib import Path

import pytest

from app import logs
from app.domain.masking import keep_secret


@pytest.fixture
def quiet_root():
    """The root logger as it was, whatever the test hung on it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in logs._CHATTY}
    traced = faulthandler.is_enabled()
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # crash.log lives as long as the program
        faulthandler.disable()
    if traced:
        faulthandler.enable()


def record(text: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("app", logging.INFO, "here", 1, text, arguments, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://me:hunter2@db/prod", "postgresql://me:***@db/prod"),
        ("host=db password=hunter2 user=me", "host=db password=*** user=me"),
        ('{"access_token": "eyJhbGci"}', '{"access_token": "***"}'),
        ("grant_type=x&client_secret=abc&audience=y", "grant_type=x&client_secret=***&audience=y"),
        ("Authorization: Bearer eyJhbGciOi.J9-_", "Authorization: Bearer ***"),
        ("run 362760: 812 lumisections", "run 362760: 812 lumisections"),
        ("https://cmsoms.cern.ch:443/agg", "https://cmsoms.cern.ch:443/agg"),
    ],
)
def test_that_passwords_and_tokens_are_masked_in_a_log_and_nothing_else(text, expected):
    assert logs.MaskingFormatter("%(message)s").format(record(text)) == expected


def test_that_a_known_secret_is_masked_in_arguments_and_tracebacks():
    keep_secret("s3cret")
    formatter = logs.MaskingFormatter("%(message)s")
    try:
        raise ValueError("refused s3cret")
    except ValueError as error:
        failed = logging.LogRecord(
            "app", logging.ERROR, "here", 1, "asked with %s", ("s3cret",), (ValueError, error, None)
        )

    text = formatter.format(failed)

    assert "s3cret" not in text
    assert "asked with ***" in text
    assert "refused ***" in text


@pytest.mark.usefixtures("quiet_root")
@pytest.mark.expected_log("no answer, password=")
def test_that_the_file_holds_what_happens_and_the_terminal_only_warnings(tmp_path, capsys):
    file = logs.start(folder=tmp_path)

    logging.getLogger("app.sync").info("pulled run %d", 362760)
    logging.getLogger("app.sync").warning("no answer, password=hunter2")

    terminal = capsys.readouterr().err
    written = file.read_text(encoding="utf-8")
    assert "pulled run 362760" in written
    assert "hunter2" not in written
    assert "pulled run" not in terminal
    assert "no answer, password=***" in terminal


@pytest.mark.usefixtures("quiet_root")
@pytest.mark.expected_log("No log file in ")
def test_that_a_folder_that_cannot_be_made_leaves_the_terminal(tmp_path: Path, capfd):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")

    logs.start(folder=blocked / "logs")

    assert "No log file" in capfd.readouterr().err


def test_that_a_message_is_one_line_and_steers_no_terminal():
    try:
        raise ValueError("\x1b[2K gone")
    except ValueError as error:
        told = record("heard %s", "this\nERROR app: forged \x9b2J")
        told.exc_info = (type(error), error, error.__traceback__)
    lines = logs.LineFormatter("%(levelname)s %(name)s: %(message)s").format(told).splitlines()
    assert lines[0] == "INFO app: heard this\\nERROR app: forged \\x9b2J"
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: \\x1b[2K gone"


@pytest.mark.usefixtures("quiet_root")
def test_that_a_full_disk_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run-registry.log").symlink_to("/dev/full")
    logs.start(folder=tmp_path)
    for number in range(3):
        logging.getLogger("app").info("line %d", number)
    (file,) = (each for each in logging.getLogger().handlers if isinstance(each, logs._LogFile))
    with pytest.raises(OSError, match="No space left"):
        file.close()
    said = capsys.readouterr().err
    assert said.splitlines() == [
        f"run-registry: The log {tmp_path}/run-registry.log is incomplete: No space left on device"
    ]
