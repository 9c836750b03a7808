"""Sets up the project's own Python environment where needed, then starts the program or the checks.

Needs nothing but a Python of the supported versions. Exit codes of its own: 2 when something is
missing that a person has to install, 1 when the set-up failed, 130 when it was interrupted.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, NoReturn, TextIO

import system_libraries

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
_SCRIPTS = VENV / ("Scripts" if sys.platform == "win32" else "bin")
PYTHON = _SCRIPTS / ("python.exe" if sys.platform == "win32" else "python")
LOCKED = ROOT / "packaging" / "locked.txt"
LOCKED_WITH_TESTS = ROOT / "packaging" / "locked-with-tests.txt"
STAMP = VENV / "set-up.json"
INSTALL_LOG = VENV / "install.log"
BYTECODE = VENV / "bytecode"

OPTIONS_WITH_A_VALUE = (
    "--dsn",
    "--connection",
    "--as-user",
    "--oms",
    "--settings",
    "--data-folder",
    "--out",
    "--screenshot",
)
WINDOWLESS_OPTIONS = ("--headless", "--help", "-h", "--version")
NO_NETWORK = (
    "Failed to establish a new connection",
    "Name or service not known",
    "Temporary failure in name resolution",
    "Connection refused",
    "Network is unreachable",
    "NewConnectionError",
    "ProxyError",
    "Read timed out",
)

_NEEDED_BYTES = 1_500_000_000
_TOLD_EVERY_S = 15.0
_LOOKED_EVERY_S = 0.1
_PATIENCE_S = 30.0
"""How long tests may take to stop their servers."""

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff format --check", ("-m", "ruff", "format", "--check", ".")),
    ("ruff check", ("-m", "ruff", "check", "--output-format", "concise", ".")),
    ("mypy", ("-m", "mypy")),
    ("vulture", ("packaging/dead_code.py",)),
    ("lint-imports", ("-c", "from importlinter.cli import lint_imports_command as c; c()")),
)

SLOWEST = "mypy"
"""The check that takes a core for a minute, four times as long as any other."""


TEST_USAGE = """\
./run test [--fast | --long NAME | --set-up] [pytest arguments]

  (nothing)     every check, then every test
  --set-up      nothing but the set-up for them
  --fast        every check, then the pure rules: no database, no window, under a minute
  --long NAME   one of the long parts, each at most 20 minutes, torture 80:
"""
FAST = ("tests/domain", "tests/golden")
WORKERS = "3"
"""One more than the smallest machines have cores: a test waits for its server now and then."""
COVERED = ("--cov=app", "--cov-report=")
LONG: dict[str, tuple[str, tuple[str, ...]]] = {
    "core": (
        "coverage of the pure rules by their own tests",
        ("-n", "2", "--hypothesis-profile=at-length", *COVERED, *FAST),
    ),
    "views": (
        "coverage of the window by its own tests",
        ("-n", "2", *COVERED, "tests/views"),
    ),
    "json-logic": (
        "a million generated rules, compared with json-logic-js",
        (
            "--json-logic-pairs=1000000",
            "--timeout=1200",
            "tests/domain/json_logic",
            "-k",
            "generated",
        ),
    ),
    "frozen": (
        "the whole program while its own server is frozen",
        ("--frozen-program", "tests/features/test_frozen_program.py"),
    ),
    "failover": (
        "the primary dies a hundred times in the middle of edits",
        ("--failovers=100", "--timeout=1200", "tests/torture/test_failover.py"),
    ),
    "torture": (
        "racing writers, kills, Patroni, a full disk, 10,000 malformed answers, a whole season,"
        " clocks that jump",
        (
            "--racing-edits=1000",
            "--kills=100",
            "--malformed-answers=10000",
            "--at-length",
            "--timeout=1200",
            "tests/torture",
            "tests/sync/test_mutated_oms.py",
            "tests/features/test_season_of_masks.py",
            "tests/models/guard/test_puller_service.py",
            "-k",
            "not primary_dies",
        ),
    ),
    "plans": (
        "how the server finds rows among five million events",
        ("--ten-years", "tests/benchmarks/test_plans.py"),
    ),
}


class SetupFailed(Exception):
    """The set-up can't go on; the text says why and what to do."""

    def __init__(self, text: str, *, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


def opens_window(arguments: Sequence[str]) -> bool:
    """Whether the program opens its window: no subcommand, not `--headless`."""
    words = iter(arguments)
    for word in words:
        if word in WINDOWLESS_OPTIONS:
            return False
        if word in OPTIONS_WITH_A_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return False
    return True


def main(arguments: Sequence[str]) -> NoReturn:
    """Do what `./run` was asked for; never returns."""
    # An environment of other software (such as an experiment's release area) must not leak in.
    for name in ("PYTHONPATH", "PYTHONHOME"):
        os.environ.pop(name, None)
    try:
        if arguments[:1] == ["test"]:
            run_checks(arguments[1:])
        start(arguments)
    except SetupFailed as failure:
        sys.stderr.write(f"run: {failure}\n")
        sys.exit(failure.code)
    except system_libraries.LibrariesMissing as failure:
        sys.stderr.write(f"run: {failure}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("\nrun: stopped. ./run goes on from here.\n")
        sys.exit(130)


def start(arguments: Sequence[str]) -> NoReturn:
    """Set up and become the program."""
    screen = system_libraries.display(os.environ)
    window = opens_window(arguments)
    if window and screen is None:
        raise SetupFailed(
            "there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            "Without a window type:  ./run --headless",
            code=2,
        )
    install_packages(screen if window else None)
    changed = set_up(with_tests=False)
    if window and screen is not None:
        if changed:
            system_libraries.complete(PYTHON, screen)
        if screen == "x11" and not system_libraries.x11_answers():
            raise SetupFailed(
                f"the screen {os.environ['DISPLAY']} doesn't answer. "
                "Without a window type:  ./run --headless",
                code=2,
            )
    program = _SCRIPTS / "run-registry"
    sys.stderr.flush()
    if sys.platform == "win32":  # what execv leaves there is a program without its console
        sys.exit(subprocess.run([f"{program}.exe", *arguments], check=False).returncode)
    os.execv(program, [str(program), *arguments])


def test_steps(words: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What `./run test` runs, by name, as arguments of Python; the words are those after it."""
    if words[:1] == ["--long"]:
        if len(words) < 2 or words[1] not in LONG:
            raise SetupFailed(f"--long needs one of: {', '.join(LONG)}.", code=2)
        _, options = LONG[words[1]]
        steps = [(f"pytest, {words[1]}", ("-m", "pytest", *options, *words[2:]))]
        if words[1] in ("core", "views"):
            steps.append(("coverage", ("packaging/coverage_floors.py", words[1])))
        return tuple(steps)
    if words[:1] == ["--set-up"]:
        return ()
    if words[:1] == ["--fast"]:
        return (*CHECKS, ("pytest", ("-m", "pytest", "-n", "2", *FAST, *words[1:])))
    return (*CHECKS, ("pytest", ("-m", "pytest", "-n", WORKERS, *words)))


def run_checks(words: Sequence[str]) -> NoReturn:
    """Set up with the test tools, run the checks beside each other, and the tests after all but the
    slowest; stop at the first that fails."""
    if {"--help", "-h"} & set(words[:1]):
        lines = [f"                  {name:<11} {about}" for name, (about, _) in LONG.items()]
        sys.stdout.write(TEST_USAGE + "\n".join(lines) + "\n")
        sys.exit(0)
    steps = test_steps(words)
    install_packages("offscreen")
    set_up(with_tests=True)
    system_libraries.complete(PYTHON, "offscreen")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    keep_bytecode(os.environ)
    run_beside_each_other(
        [step for step in steps if step in CHECKS], [step for step in steps if step not in CHECKS]
    )
    if steps:
        sys.stderr.write("run: every check passed.\n")
    sys.exit(0)


def keep_bytecode(environment: MutableMapping[str, str]) -> None:
    """Where Python is told to leave no compiled files beside the sources, keep them in `.venv`:
    tests start some hundred programs, each of which would compile all that it imports."""
    if environment.pop("PYTHONDONTWRITEBYTECODE", None):
        environment.setdefault("PYTHONPYCACHEPREFIX", str(BYTECODE))


def run_beside_each_other(
    checks: Sequence[tuple[str, tuple[str, ...]]],
    then: Sequence[tuple[str, tuple[str, ...]]] = (),
) -> None:
    """Run checks at the same time and tell what each has said once it has ended; the first that
    fails ends the others.

    `then` follow one after the other and speak for themselves. They begin while `SLOWEST` goes on.
    """
    to_come = list(then)
    with ExitStack() as stack:
        running = [(name, *_begun(command, stack)) for name, command in checks]
        while running or to_come:
            ended = [each for each in running if each[1].poll() is not None]
            for name, process, output in ended:
                _tell(name, output)
                if process.returncode != 0:
                    raise SetupFailed(f"{name} failed (exit code {process.returncode}).")
            running = [each for each in running if each not in ended]
            if to_come and all(name == SLOWEST for name, *_ in running):
                name, command = to_come.pop(0)
                sys.stderr.write(f"run: {name}\n")
                sys.stderr.flush()
                running.append((name, stack.enter_context(_speaking(command)), None))
            time.sleep(_LOOKED_EVERY_S)


def _tell(name: str, output: IO[bytes] | None) -> None:
    """Tell what a command has said, unless it has done so itself."""
    if output is not None:
        output.seek(0)
        sys.stderr.write(f"run: {name}\n{output.read().decode(errors='replace')}")
        sys.stderr.flush()


def _begun(
    command: Sequence[str], stack: ExitStack
) -> "tuple[subprocess.Popen[bytes], IO[bytes] | None]":
    """A command of Python that has begun, and the file that it says everything into; the stack
    ends it."""
    output = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    process = subprocess.Popen(
        [str(PYTHON), *command], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
    )
    stack.enter_context(process)
    stack.callback(process.kill)
    return process, output


@contextmanager
def _speaking(command: Sequence[str]) -> "Iterator[subprocess.Popen[bytes]]":
    """A command of Python that has begun; in the end it stops what it has started."""
    with subprocess.Popen([str(PYTHON), *command], cwd=ROOT) as process:
        try:
            yield process
        except KeyboardInterrupt:
            _wait_for_end(process)  # the terminal has told it, too
            raise
        except SetupFailed:
            if sys.platform != "win32":
                process.send_signal(signal.SIGINT)
                _wait_for_end(process)
            raise
        finally:
            process.kill()


def _wait_for_end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE_S)


def install_packages(screen: str | None) -> None:
    """Install, in one go, the system packages for the environment and for Qt on that screen."""
    if _missing_packages(screen):
        with only_one_at_a_time():
            system_libraries.install(_missing_packages(screen))


def _missing_packages(screen: str | None) -> set[str]:
    packages = set() if screen is None else system_libraries.missing_packages(screen)
    if importlib.util.find_spec("ensurepip") is None and _python_version() is None:
        packages.add(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")
    return packages


def set_up(*, with_tests: bool) -> bool:
    """Bring the environment up to date under a lock; True when something was installed."""
    if _settled(with_tests=with_tests):
        return False  # without a lock: others may only read a checkout that one person has set up
    if not os.access(ROOT, os.W_OK):
        raise SetupFailed(f"{ROOT} can't be written to. Copy the project to a folder of yours.")
    with only_one_at_a_time():
        if _settled(with_tests=with_tests):
            return False
        present = _read_stamp()
        # Once the test tools are there they stay.
        wanted = _stamp(with_tests=with_tests or (present is not None and bool(present["test"])))
        _make_environment(present, wanted)
        _install(with_tests=bool(wanted["test"]))
        STAMP.write_text(json.dumps(wanted), encoding="utf-8")
        return True


def _settled(*, with_tests: bool) -> bool:
    """Whether the environment is what is needed; one with the test tools always serves."""
    present = _read_stamp()
    return present is not None and present in (
        _stamp(with_tests=True),
        _stamp(with_tests=with_tests),
    )


def _stamp(*, with_tests: bool) -> dict[str, object]:
    sources = (ROOT / "pyproject.toml", LOCKED_WITH_TESTS if with_tests else LOCKED)
    return {
        "sources": hashlib.sha256(b"".join(map(Path.read_bytes, sources))).hexdigest(),
        "python": ".".join(map(str, sys.version_info[:2])),
        "folder": str(ROOT),
        "test": with_tests,
    }


def _read_stamp() -> dict[str, object] | None:
    """What the environment was set up from; None when it wasn't, or its Python no longer starts."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        subprocess.run([str(PYTHON), "-c", ""], check=True, capture_output=True)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return stamp if isinstance(stamp, dict) and "test" in stamp else None


def _make_environment(present: dict[str, object] | None, wanted: dict[str, object]) -> None:
    """Create `.venv`, anew where it is broken, was moved or belongs to another Python."""
    STAMP.unlink(missing_ok=True)
    if present is not None:
        keep = all(present.get(key) == wanted[key] for key in ("python", "folder"))
    else:
        keep = _python_version() == wanted["python"]
    if keep:
        return
    free = shutil.disk_usage(ROOT).free
    if free < _NEEDED_BYTES:
        raise SetupFailed(
            f"{free / 1e9:.1f} GB are free where {ROOT} is, and {_NEEDED_BYTES / 1e9:.1f} GB are"
            " needed. Make room, or copy the project to a larger disk, and start ./run again."
        )
    sys.stderr.write(f"Making the Python environment {VENV}\n")
    # A venv made by the Python of the venv that is to be replaced would point at itself.
    python = getattr(sys, "_base_executable", sys.executable)
    made = subprocess.run(
        [python, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise SetupFailed(f"python -m venv failed:\n{made.stdout}{made.stderr}")


def _python_version() -> str | None:
    """Version of the Python in `.venv`, None when it doesn't start or has no pip."""
    code = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
    try:
        asked = subprocess.run(
            [str(PYTHON), "-c", code], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return asked.stdout.strip() or None


def _install(*, with_tests: bool) -> None:
    """Install what is locked, from the index pip is set up for, then the project, editable."""
    what = "Run Registry and its test tools" if with_tests else "Run Registry"
    sys.stderr.write(
        f"Installing {what} there; the first time this takes 3 to 8 minutes and 0.7 GB\n"
    )
    sys.stderr.flush()
    locked = LOCKED_WITH_TESTS if with_tests else LOCKED
    # Of the packages of tests most modules are never imported: Python compiles those that are.
    lazily = ("--no-compile",) if with_tests else ()
    steps = (
        ("--progress-bar", "off", *lazily, "--require-hashes", "--requirement", str(locked)),
        # Everything it needs is there by now, the tools to build it too.
        ("--no-deps", "--no-build-isolation", "--editable", str(ROOT)),
    )
    with INSTALL_LOG.open("w", encoding="utf-8") as log:
        if all(_pip(step, log) == 0 for step in steps):
            return
    said = INSTALL_LOG.read_text(encoding="utf-8", errors="replace")
    last = "\n".join(f"    {line}" for line in said.strip().splitlines()[-6:])
    if any(sign in said for sign in NO_NETWORK):
        reason = (
            "pip can't reach its package index. Check the network, or the index and proxy that "
            "pip is set up for (pip config list), then start ./run again"
        )
    elif "No space left on device" in said:
        reason = "the disk is full (about 1.5 GB is needed); make room and start ./run again"
    elif "THESE PACKAGES DO NOT MATCH THE HASHES" in said:
        reason = (
            "a package is not the one that was locked. Nothing of it was installed; check the "
            "index that pip is set up for (pip config list)"
        )
    else:
        reason = "pip couldn't install the packages"
    raise SetupFailed(f"{reason}. The end of {INSTALL_LOG}:\n{last}")


def _pip(arguments: Sequence[str], log: TextIO) -> int:
    """Runs pip in the environment and tells what it is doing; returns its exit code."""
    command = (str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check")
    with subprocess.Popen(
        [*command, *arguments],
        # `user = true` in somebody's pip configuration would be refused inside a venv.
        env={**os.environ, "PIP_USER": "0"},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    ) as pip:
        try:
            _wait_for(pip)
        except BaseException:
            pip.kill()
            raise
    return pip.returncode


def _wait_for(pip: "subprocess.Popen[bytes]") -> None:
    """Waits until pip has ended, and says now and then what it is doing."""
    begun = time.monotonic()
    while True:
        try:
            pip.wait(_TOLD_EVERY_S)
        except subprocess.TimeoutExpired:
            said = INSTALL_LOG.read_text(encoding="utf-8", errors="replace")
            sys.stderr.write(f"  {time.monotonic() - begun:.0f} s: {doing(said)}\n")
            sys.stderr.flush()
        else:
            return


def doing(log: str) -> str:
    """What pip is doing, from what it wrote."""
    for line in reversed(log.splitlines()):
        words = line.split()
        if len(words) < 2:
            continue
        if words[0] in ("Collecting", "Downloading", "Using"):
            name = Path(words[2] if words[0] == "Using" and len(words) > 2 else words[1]).name
            return f"{'looking for' if words[0] == 'Collecting' else 'downloading'} {name}"
        if words[0] == "Installing" and words[1] == "collected":
            return f"unpacking {len(words) - 3} packages"
    return "making ready"


@contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Hold the lock of this checkout; another ./run or packaging/build waits here."""
    if not os.access(ROOT, os.W_OK):
        yield  # who may not write here sets nothing up, and is told what is missing
        return
    with (ROOT / ".set-up.lock").open("w", encoding="utf-8") as lock:
        if not _lock(lock, wait=False):
            sys.stderr.write("Another ./run or packaging/build is at work here; waiting for it\n")
            _lock(lock, wait=True)
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: TextIO, *, wait: bool) -> bool:
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:  # LK_LOCK gives up after ten attempts
                if not wait:
                    return False
            else:
                return True

else:
    import fcntl

    def _lock(file: TextIO, *, wait: bool) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


if __name__ == "__main__":
    main(sys.argv[1:])
