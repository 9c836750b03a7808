"""What the window does when something happens in one of its places."""

from typing import TYPE_CHECKING, cast

from app.services.editing.bulk import Written
from app.views.places import PlaceWidget
from app.views.runs.place import TablePlace

if TYPE_CHECKING:
    from app.views.cycles.place import CyclesPlace
    from app.views.frame.main_window import MainWindow
    from app.views.golden.place import GoldenPlace
    from app.views.log.place import LogPlace
    from app.views.todo.place import TodoPlace


def connect(window: "MainWindow", name: str, view: PlaceWidget) -> None:
    """Connects a place that was made just now. Actions are asked for when they are wanted: they
    may be made later than the place."""
    view.run_wanted.connect(window.show_run)
    view.acted.connect(window.refresh)
    view.count_changed.connect(lambda count: window.navigation.show_count(name, count))
    match name:
        case "online" | "offline":
            _table(window, name, cast("TablePlace", view))
        case "cycles":
            cycles = cast("CyclesPlace", view)
            cycles.rows_menu_wanted.connect(window.open_offline_menu)
            cycles.subject_changed.connect(window.update_actions)
        case "todo":
            todo = cast("TodoPlace", view)
            todo.workspace_wanted.connect(window.workspace.setCurrentText)
            todo.filter_wanted.connect(window.show_datasets)
        case "golden":
            golden = cast("GoldenPlace", view)
            golden.rows_menu_wanted.connect(window.open_golden_menu)
            golden.wanted.connect(lambda: window.go_into("golden"))
        case "log":
            _log(window, cast("LogPlace", view))


def _table(window: "MainWindow", name: str, place: TablePlace) -> None:
    def tell(done: Written) -> None:
        window.notices.tell(done.text, version=done.version)

    is_online = name == "online"
    place.menu_wanted.connect(window.open_run_menu)
    place.rows_menu_wanted.connect(window.open_run_menu if is_online else window.open_offline_menu)
    place.take_in_wanted.connect(window.take_in)
    place.written.connect(tell)
    place.undo_wanted.connect(window.undo)
    place.undo_last_wanted.connect(window.undo_last)
    place.subject_changed.connect(window.update_actions)


def _log(window: "MainWindow", log: "LogPlace") -> None:
    log.subject = window.subject
    log.undo_wanted.connect(window.undo)
    log.golden_wanted.connect(window.open_golden)
    log.front_wanted.connect(lambda: window.go_to("log"))
