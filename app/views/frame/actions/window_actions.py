"""What can be done with the window itself: going somewhere, showing, looking for."""

from typing import Protocol

from app.domain.configuration import permissions
from app.views.actions import ONLY_SHOWS, ActionRow
from app.views.frame.table_in_front import TableInFront
from app.views.selection import NO_TABLE
from app.views.subject import Subject, unless


class Window(Protocol):
    """What these actions do."""

    def close(self) -> bool: ...
    def subject(self) -> Subject | None: ...
    def go_to_run(self) -> object: ...
    def go_round(self, step: int) -> None: ...
    def refresh(self) -> None: ...
    def show_ranges(self) -> object: ...
    def toggle_sync(self) -> None: ...
    def is_sync_shown(self) -> bool: ...
    def open_palette(self) -> object: ...
    def generate(self) -> object: ...
    def edit_datasets_accepted(self) -> object: ...


def rows(window: Window, table: TableInFront) -> list[ActionRow]:
    """The actions by name."""
    return [
        ActionRow(
            "file.run",
            "Go to run...",
            window.go_to_run,
            "Ctrl+G",
            "search",
            "Show a run by its number",
            commands=("runs show",),
            parameters=("run",),
        ),
        ActionRow(
            "file.quit",
            "Quit",
            window.close,
            "Ctrl+Q",
            tip="Close the program; drafts are kept",
            no_command="A command ends when it is done.",
        ),
        ActionRow(
            "view.filter",
            "Filter",
            table.focus_filter,
            "Ctrl+F",
            "filter",
            "Go to the line that filters or searches",
            table.why_no_filter,
            no_command=ONLY_SHOWS,
        ),
        ActionRow(
            "view.filter.build",
            "Build filter...",
            table.build_filter,
            "Ctrl+Shift+B",
            "edit",
            "Build the filter of the table condition by condition",
            lambda: "" if table.place is not None else NO_TABLE,
            no_command=ONLY_SHOWS,
        ),
        ActionRow(
            "view.columns",
            "Columns...",
            table.choose_columns,
            "Ctrl+Shift+C",
            "columns",
            "Choose the columns of the table",
            lambda: "" if table.place is not None else NO_TABLE,
            no_command=ONLY_SHOWS,
        ),
        ActionRow(
            "view.lumisections",
            "Edit lumisections",
            table.edit_lumisections,
            "Ctrl+L",
            "lumisections",
            "Go to the grid of the run that is shown",
            unless(window.subject),
            who="everybody; each edit needs its right",
            opens=True,
            commands=("lumisections edit", "lumisections edit-oms"),
            parameters=(
                *("run", "--dataset", "--column", "--bit", "--ls", "--status", "--value"),
                *("--comment", "--cause"),
            ),
        ),
        ActionRow(
            "view.ranges",
            "Ranges of equal status...",
            window.show_ranges,
            "Ctrl+Alt+R",
            "lumisections",
            "The lumisections of the run as ranges, of RR, OMS or both, to be copied",
            unless(window.subject),
            commands=("lumisections ranges",),
            parameters=("run", "--dataset"),
        ),
        ActionRow(
            "view.pane",
            "Next pane",
            lambda: window.go_round(1),
            "F6",
            tip="Give the keyboard to the next part of the window",
            no_command=ONLY_SHOWS,
        ),
        ActionRow(
            "view.pane.back",
            "Pane before",
            lambda: window.go_round(-1),
            "Shift+F6",
            tip="Give the keyboard to the part of the window before",
            no_command=ONLY_SHOWS,
        ),
        ActionRow(
            "view.tab.close",
            "Close tab",
            table.close_tab,
            "Ctrl+W",
            tip="Close the tab of the run that is looked at",
            why_not=lambda: "" if table.is_in_tab() else "No run has its own tab in front.",
            no_command=ONLY_SHOWS,
        ),
        ActionRow(
            "view.refresh",
            "Reload",
            window.refresh,
            "F5",
            "refresh",
            "Read everything that is shown again",
            no_command="A command always reads the present state.",
        ),
        ActionRow(
            "view.sync",
            "Sync with OMS and the DQM GUI",
            window.toggle_sync,
            "Ctrl+Shift+Y",
            "sync",
            "Show what the puller does, and have runs pulled",
            is_checked=window.is_sync_shown,
            who="everybody",
            opens=True,
            commands=("pull",),
            parameters=("--run", "--dqm-gui"),
        ),
        ActionRow(
            "view.palette",
            "Command palette...",
            window.open_palette,
            "Ctrl+K",
            "command",
            "Find an action or a run by typing",
            no_command="run-registry --help lists the commands.",
        ),
        ActionRow(
            "golden.generate",
            "Generate...",
            window.generate,
            "Ctrl+Shift+G",
            "golden",
            "Generate a golden JSON",
            right=lambda: (permissions.generate_json_path(),),
            commands=("golden generate",),
            parameters=("--datasets", "--rule", "--out", "--tags", "--official", "--as-of"),
        ),
        ActionRow(
            "tools.accepted",
            "Accepted datasets...",
            window.edit_datasets_accepted,
            "Ctrl+Shift+A",
            "configuration",
            "Edit which datasets of the DQM GUI belong to which of ours",
            right=lambda: (permissions.datasets_accepted_path(),),
            commands=("config add", "config edit", "config delete"),
            parameters=("kind", "id", "--set"),
        ),
    ]
