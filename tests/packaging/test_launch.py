import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import commands

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import launch  # noqa: E402 - the launcher's folder isn't a package
import system_libraries  # noqa: E402


@pytest.mark.parametrize(
    "arguments",
    [[], ["--dsn", "postgresql://db/prod"], ["--as-user", "a@cern.ch", "-v"], ["--dsn=x"]],
)
def test_that_without_a_subcommand_a_window_opens(arguments):
    assert launch.opens_window(arguments)


@pytest.mark.parametrize(
    "arguments", [["--headless"], ["--dsn", "x", "runs", "list"], ["--help"], ["db", "init"]]
)
def test_that_subcommands_and_headless_need_no_window(arguments):
    assert not launch.opens_window(arguments)


def test_that_the_launcher_knows_which_options_of_the_program_take_a_value():
    root = commands.parser("0")
    with_value = {
        option
        for action in root._actions
        if action.nargs is None and action.option_strings
        for option in action.option_strings
    }

    assert set(launch.OPTIONS_WITH_A_VALUE) == with_value


def test_that_the_launcher_knows_which_options_open_no_window():
    root = commands.parser("0")
    known = {option for action in root._actions for option in action.option_strings}

    assert set(launch.WINDOWLESS_OPTIONS) <= known
    for option in known - set(launch.WINDOWLESS_OPTIONS) - set(launch.OPTIONS_WITH_A_VALUE):
        assert launch.opens_window([option])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_that_without_a_screen_the_launcher_says_what_to_type_instead_of_a_traceback():
    nowhere = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}

    done = subprocess.run(
        [str(ROOT / "run")], env=nowhere, cwd="/", capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "./run --headless" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the launcher looks for libraries on Linux")
@pytest.mark.parametrize(
    ("environ", "screen"),
    [
        ({}, None),
        ({"DISPLAY": ":0"}, "x11"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "x11"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "wayland"),
        ({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":0"}, "offscreen"),
    ],
)
def test_that_the_kind_of_screen_is_read_from_the_environment(environ, screen):
    assert system_libraries.display(environ) == screen


def test_that_every_library_of_a_screen_has_a_package():
    for screen in ("offscreen", "x11", "wayland"):
        for library, package in system_libraries.needed(screen).items():
            assert ".so" in library
            assert package == package.lower()


def test_that_a_library_the_loader_lacks_is_found_missing():
    assert list(system_libraries.missing(["libc.so.6", "libnowhere.so.9"])) == ["libnowhere.so.9"]


def test_that_a_person_without_rights_is_told_the_one_line_to_type(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(
        system_libraries.shutil, "which", {"apt-get": "/usr/bin/apt-get", "sudo": None}.get
    )

    with pytest.raises(system_libraries.LibrariesMissing) as told:
        system_libraries.install({"libgl1", "libegl1"})

    assert "sudo apt-get install -y --no-install-recommends libegl1 libgl1\n" in str(told.value)


def test_that_a_machine_without_fonts_is_noticed(tmp_path):
    assert not system_libraries.has_font([str(tmp_path)])

    (tmp_path / "truetype").mkdir()
    (tmp_path / "truetype" / "DejaVuSans.ttf").touch()
    assert system_libraries.has_font([str(tmp_path)])


def test_that_an_environment_is_kept_while_project_python_and_folder_are_the_same(
    monkeypatch, tmp_path
):
    installed: list[bool] = []
    made: list[object] = []
    for name in ("ROOT", "VENV"):
        monkeypatch.setattr(launch, name, tmp_path)
    monkeypatch.setattr(launch, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(launch, "STAMP", tmp_path / "set-up.json")
    monkeypatch.setattr(launch, "_install", lambda *, with_tests: installed.append(with_tests))
    monkeypatch.setattr(launch, "_make_environment", lambda present, _wanted: made.append(present))
    project = tmp_path / "pyproject.toml"
    project.write_text("one", encoding="utf-8")

    assert launch.set_up(with_tests=False)
    assert not launch.set_up(with_tests=False)
    assert launch.set_up(with_tests=True)
    assert not launch.set_up(with_tests=False)
    project.write_text("two", encoding="utf-8")
    assert launch.set_up(with_tests=False)

    assert installed == [False, True, True]


def test_that_two_launchers_set_up_one_after_the_other(monkeypatch, tmp_path):
    monkeypatch.setattr(launch, "ROOT", tmp_path)
    other = (
        "import sys; sys.path.insert(0, sys.argv[1]); import launch; from pathlib import Path\n"
        "launch.ROOT = Path(sys.argv[2])\n"
        "with launch.only_one_at_a_time(): print('in', flush=True)\n"
    )
    with launch.only_one_at_a_time():
        second = subprocess.Popen(
            [sys.executable, "-c", other, str(ROOT / "packaging"), str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        assert "waiting" in second.stderr.readline()
        assert second.poll() is None
    out, _ = second.communicate(timeout=20)
    assert out == "in\n"


def test_that_a_pip_that_reaches_nothing_is_explained_in_a_sentence(monkeypatch, tmp_path):
    pip = tmp_path / "python"
    pip.write_text(
        "#!/bin/sh\necho 'NewConnectionError: Failed to establish a new connection'\nexit 1\n",
        encoding="utf-8",
    )
    pip.chmod(0o755)
    monkeypatch.setattr(launch, "PYTHON", pip)
    monkeypatch.setattr(launch, "INSTALL_LOG", tmp_path / "install.log")

    with pytest.raises(launch.SetupFailed, match="pip can't reach its package index"):
        launch._install(with_tests=False)


def test_that_what_pip_is_doing_is_told(monkeypatch, tmp_path, capsys):
    pip = tmp_path / "python"
    pip.write_text(
        "#!/bin/sh\necho 'Collecting numpy>=2 (from run-registry-desktop)'\nsleep 1\n",
        encoding="utf-8",
    )
    pip.chmod(0o755)
    monkeypatch.setattr(launch, "PYTHON", pip)
    monkeypatch.setattr(launch, "INSTALL_LOG", tmp_path / "install.log")
    monkeypatch.setattr(launch, "_TOLD_EVERY_S", 0.2)
    launch._install(with_tests=False)
    said = capsys.readouterr().err
    assert "GB" in said
    assert "looking for numpy>=2" in said


@pytest.mark.parametrize(
    ("log", "doing"),
    [
        ("", "making ready"),
        (
            "Collecting a>1 (from b)\n  Downloading a-2-py3-none-any.whl (3 kB)\n",
            "downloading a-2-py3",
        ),
        ("Using cached b-1.whl.metadata (1 kB)\n", "downloading b-1.whl"),
        ("Installing collected packages: a, b, c\n", "unpacking 3 packages"),
    ],
)
def test_that_the_log_of_pip_is_understood(log, doing):
    assert launch.doing(log).startswith(doing)


def test_that_a_disk_without_room_is_told_before_anything_is_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(launch, "ROOT", tmp_path)
    monkeypatch.setattr(launch, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(launch, "STAMP", tmp_path / "set-up.json")
    monkeypatch.setattr(launch, "_NEEDED_BYTES", 10**18)
    with pytest.raises(launch.SetupFailed, match="are needed"):
        launch._make_environment(None, {"python": "0.0"})
    assert not (tmp_path / ".venv").exists()


def test_that_each_long_part_has_a_name_and_an_unknown_one_is_refused():
    for name in launch.LONG:
        (_, command), *_ = launch.test_steps(["--long", name, "-x"])
        assert command[:2] == ("-m", "pytest")
        assert command[-1] == "-x"
    with pytest.raises(launch.SetupFailed, match="--long needs one of: core, views"):
        launch.test_steps(["--long", "everything"])
    with pytest.raises(launch.SetupFailed, match="--long needs one of"):
        launch.test_steps(["--long"])


def test_that_the_fast_tests_come_after_every_check_and_need_no_fixture_of_a_server():
    steps = launch.test_steps(["--fast"])

    assert [name for name, _ in steps] == [*(name for name, _ in launch.CHECKS), "pytest"]
    assert steps[-1][1][-2:] == launch.FAST


def test_that_tests_compile_nothing_twice_and_leave_nothing_beside_the_sources(tmp_path):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPYCACHEPREFIX", None)
    launch.keep_bytecode(environment)
    assert environment["PYTHONPYCACHEPREFIX"] == str(launch.BYTECODE)
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path / "kept")
    (tmp_path / "a_module.py").touch()
    import_it = [sys.executable, "-c", "import a_module"]
    subprocess.run(import_it, cwd=tmp_path, env=environment, check=True)
    assert len(list((tmp_path / "kept").rglob("a_module.*.pyc"))) == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a_module.py", "kept"]
    plain = {"HOME": "/"}
    launch.keep_bytecode(plain)
    assert plain == {"HOME": "/"}


def test_that_checks_run_beside_each_other_and_each_says_its_own(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(launch, "PYTHON", Path(sys.executable))
    # Each ends when the other has begun: one after the other they would never end.
    meeting = (
        "import pathlib, sys, time\n"
        "own, other = map(pathlib.Path, sys.argv[1:])\n"
        "own.touch()\n"
        "while not other.exists(): time.sleep(0.01)\n"
        "print('seen', other.name)\n"
    )
    one, two = tmp_path / "one", tmp_path / "two"
    launch.run_beside_each_other(
        [
            ("first", ("-c", meeting, str(one), str(two))),
            ("second", ("-c", meeting, str(two), str(one))),
        ]
    )

    said = capsys.readouterr().err
    assert "run: first\nseen two\n" in said
    assert "run: second\nseen one\n" in said


def test_that_the_first_check_that_fails_ends_the_others_and_is_told(monkeypatch, capsys):
    monkeypatch.setattr(launch, "PYTHON", Path(sys.executable))
    checks = [
        ("endless", ("-c", "import time\nwhile True: time.sleep(1)")),
        ("faulty", ("-c", "import sys; print('line 7 is wrong'); sys.exit(3)")),
    ]
    with pytest.raises(launch.SetupFailed, match=r"^faulty failed \(exit code 3\)\.$"):
        launch.run_beside_each_other(checks)

    assert capsys.readouterr().err == "run: faulty\nline 7 is wrong\n"


def test_that_tests_begin_beside_the_slowest_check_alone(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(launch, "PYTHON", Path(sys.executable))
    quick, begun = tmp_path / "quick", tmp_path / "begun"
    waiting = (
        "import pathlib, sys, time\nwhile not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.01)"
    )
    launch.run_beside_each_other(
        # One after the other, the slowest would never end.
        [
            (launch.SLOWEST, ("-c", waiting, str(begun))),
            ("quick", ("-c", f"import pathlib; pathlib.Path({str(quick)!r}).touch()")),
        ],
        [
            ("tests", ("-c", f"import os; os.stat({str(quick)!r}); open({str(begun)!r}, 'w')")),
            ("after them", ("-c", f"import os; os.stat({str(begun)!r}); print('heard')")),
        ],
    )

    said = capfd.readouterr()
    assert said.out == "heard\n"
    assert said.err.index("run: quick") < said.err.index("run: tests")
    assert said.err.index("run: tests") < said.err.index("run: after them")
    assert f"run: {launch.SLOWEST}" in said.err


def test_that_the_slowest_check_ends_tests_that_have_begun_when_it_fails(
    monkeypatch, tmp_path, capfd
):
    monkeypatch.setattr(launch, "PYTHON", Path(sys.executable))
    begun = tmp_path / "begun"
    tests = (
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        "    pathlib.Path(sys.argv[1]).touch()\n"
        "    while True: time.sleep(1)\n"
        "except KeyboardInterrupt:\n"
        "    print('servers are stopped')\n"
    )
    failing = (
        "import pathlib, sys, time\n"
        "while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.01)\n"
        "sys.exit(1)\n"
    )
    with pytest.raises(launch.SetupFailed, match=r"^mypy failed \(exit code 1\)\.$"):
        launch.run_beside_each_other(
            [(launch.SLOWEST, ("-c", failing, str(begun)))],
            [("tests", ("-c", tests, str(begun))), ("never", ("-c", "print('begun')"))],
        )

    assert capfd.readouterr().out == "servers are stopped\n"


def test_that_a_set_up_alone_runs_nothing():
    assert launch.test_steps(["--set-up"]) == ()


def test_that_the_long_parts_are_listed(capsys):
    with pytest.raises(SystemExit) as ended:
        launch.run_checks(["--help"])

    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(f"{name} " in said for name in ("--fast", "--set-up", *launch.LONG))
