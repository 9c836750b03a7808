"""What a command says on the way."""

import io

from app.cli.output import ProgressLine


def test_that_progress_is_silent_where_no_terminal_is_unless_lines_are_wanted():
    silent = io.StringIO()
    ProgressLine(silent).say("reading")
    assert silent.getvalue() == ""
    lines = io.StringIO()
    progress = ProgressLine(lines, lines_every_s=0.0)
    progress.say("reading")
    progress.say("writing")
    progress.clear()
    assert lines.getvalue() == "run-registry: reading\nrun-registry: writing\n"
    seldom = io.StringIO()
    ProgressLine(seldom, lines_every_s=3600.0).say("reading")
    assert seldom.getvalue() == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_that_on_a_terminal_progress_is_one_line_that_is_replaced():
    terminal = Terminal()
    progress = ProgressLine(terminal, lines_every_s=0.0)
    progress.say("reading")
    progress.clear()
    assert "\n" not in terminal.getvalue()
