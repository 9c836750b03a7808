"""Links to what is in front: copied, and followed. Nothing is ever written because of a link."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog, QLineEdit, QWidget

from app.domain import recipes
from app.domain.errors import BadInput, Refused
from app.domain.keys import ONLINE
from app.domain.links import CycleLink, GoldenLink, Link, ListLink, RunLink, link_text, parse_link
from app.domain.recipes import DatasetAsked, Thing
from app.services.golden.files import Form
from app.views.actions import ActionRow
from app.views.cycles.place import CyclesPlace
from app.views.focus import has_keys
from app.views.frame.table_in_front import TableInFront
from app.views.frame.workspaces import WorkspaceSelector
from app.views.golden.place import GoldenPlace
from app.views.places import PlaceContext
from app.views.runs.place import TablePlace

_FORMS = {"api": "API call", "python": "Python", "command": "command"}
_TIPS = {
    "api": "A line for curl that reads",
    "python": "Lines of Python, on the library run_registry, that read",
    "command": "A line for a terminal that prints",
}
MENU = ("share.link", "share.list", "share.open")
COPY_AS_MENU = (
    *(f"share.{form}" for form in _FORMS),
    "",
    *(f"share.list.{form}" for form in _FORMS),
)
_NOTHING = (
    "Select a run, a dataset or a golden JSON first, or choose datasets and write a rule in the"
    " workbench."
)
_NO_LINK = "Select a run, a dataset, a golden JSON or a cycle first."
_NO_LIST = "Go to the list in Online or Offline first."
_IS_TEXT = "A script writes it by itself."


class Window(Protocol):
    """What links lead to."""

    table: TableInFront
    workspaces: WorkspaceSelector

    @property
    def online(self) -> TablePlace: ...
    @property
    def offline(self) -> TablePlace: ...
    @property
    def golden(self) -> GoldenPlace: ...
    @property
    def cycles(self) -> CyclesPlace: ...
    @property
    def place(self) -> str: ...
    def go_into(self, name: str) -> None: ...
    def go_to(self, name: str) -> None: ...
    def show_run(self, run_number: int, dataset: str = ONLINE) -> None: ...


class SharedLinks(QObject):
    """Copies and follows links."""

    def __init__(self, context: PlaceContext, window: Window, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._window = window
        self._parent = parent
        self._server = context.workplace.session.server

    def rows(self) -> Sequence[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "share.link",
                "Copy link",
                lambda: self._copy(self.link_in_front()),
                "Ctrl+Alt+C",
                "copy",
                "A link to the run, dataset, selected cells, golden JSON or cycle in front",
                lambda: "" if self.link_in_front() is not None else _NO_LINK,
                no_command=_IS_TEXT,
            ),
            ActionRow(
                "share.list",
                "Copy link to the list",
                lambda: self._copy(self.link_of_list()),
                "Ctrl+Alt+L",
                "copy",
                "A link to this list with its filter, sort, columns and workspace",
                lambda: "" if self.link_of_list() is not None else _NO_LIST,
                no_command=_IS_TEXT,
            ),
            *(
                row
                for form, text in _FORMS.items()
                for row in (self._row_in_front(form, text), self._row_of_list(form, text))
            ),
            ActionRow(
                "share.open",
                "Open link...",
                self.ask,
                "Ctrl+Alt+O",
                "link",
                "Show what a link leads to",
                commands=("open",),
                parameters=("link",),
            ),
        ]

    def link_in_front(self) -> Link | None:
        """The link to the run, dataset, cells or golden JSON in front; None where there is none."""
        window = self._window
        if window.place == "golden":
            ids = window.golden.entries.selected()
            form = window.golden.form_in_front()
            named = form if form not in (None, Form.GOLDEN) else ""
            return GoldenLink(ids[0], self._server, named) if ids else None
        if window.place == "cycles":
            cycle = window.cycles.cycle
            return None if cycle is None else CycleLink(cycle.id, self._server)
        details = window.table.details()
        if details is None or details.run_number is None:
            return None
        link = RunLink(details.run_number, details.dataset, server=self._server)
        grid = details.lumisections.grid
        columns, ranges = grid.selection()
        if not columns and has_keys(grid):
            columns, ranges = details.lumisections.selection()
        return replace(link, columns=columns, ranges=ranges)

    def link_of_list(self) -> ListLink | None:
        """The link to the list in front; None where there is none."""
        table = self._window.table.table()
        return None if table is None else replace(table.view, server=self._server)

    def _row_in_front(self, form: str, text: str) -> ActionRow:
        return ActionRow(
            f"share.{form}",
            f"Copy as {text}",
            lambda: self._copy_recipe(form, self._thing_in_front),
            icon="copy",
            tip=f"{_TIPS[form]} the run, dataset, golden JSON or rule of the workbench in front",
            why_not=lambda: "" if self._thing_in_front() is not None else _NOTHING,
            no_command=_IS_TEXT,
        )

    def _row_of_list(self, form: str, text: str) -> ActionRow:
        return ActionRow(
            f"share.list.{form}",
            f"Copy the list as {text}",
            lambda: self._copy_recipe(form, self._list),
            icon="copy",
            tip=f"{_TIPS[form]} this list, with its filter and sort",
            why_not=lambda: "" if self.link_of_list() is not None else _NO_LIST,
            no_command=_IS_TEXT,
        )

    def _thing_in_front(self) -> Thing | None:
        if self._window.place == "golden":
            return self._window.golden.asked()
        link = self.link_in_front()
        if isinstance(link, RunLink):
            return DatasetAsked(link.run_number, link.dataset, link.columns, link.ranges)
        return None

    def _list(self) -> Thing | None:
        table = self._window.table.table()
        return None if table is None else table.asked

    def _copy_recipe(self, form: str, asked: Callable[[], Thing | None]) -> None:
        targets = self._context.workplace.session.scripts
        try:
            thing = asked()
            if thing is None:
                return
            match form:
                case "api":
                    text = recipes.api_call(thing, targets.door)
                case "python":
                    text = recipes.python(thing, targets.database)
                case _:
                    text = recipes.command(thing, targets.options)
        except Refused as error:
            self._context.notices.refuse(error)
            return
        QGuiApplication.clipboard().setText(text)
        self._context.notices.tell(f"Copied: {' '.join(text.split())}", text)

    def ask(self) -> QInputDialog:
        """Asks for a link, at first the one on the clipboard, and follows it."""
        dialog = QInputDialog(self._parent)
        dialog.setWindowTitle("Open link")
        dialog.setLabelText("Link, such as run-registry://run/396281?ls=30-60")
        dialog.setTextEchoMode(QLineEdit.EchoMode.Normal)
        copied = QGuiApplication.clipboard().text().strip()
        if _is_link(copied):
            dialog.setTextValue(copied)
        dialog.textValueSelected.connect(self.follow_text)
        dialog.finished.connect(dialog.deleteLater)
        dialog.resize(2 * dialog.sizeHint().width(), dialog.sizeHint().height())
        dialog.open()
        return dialog

    def follow_text(self, text: str) -> None:
        """Follows a link that somebody typed."""
        try:
            link = parse_link(text)
        except BadInput as error:
            self._context.notices.refuse(error)
            return
        self.follow(link)

    def follow(self, link: Link) -> None:
        """Shows what a link leads to, or says why not."""
        try:
            self._check_server(link)
            self._show(link)
        except Refused as error:
            self._context.notices.refuse(error)

    def _check_server(self, link: Link) -> None:
        if link.server and link.server != self._server:
            here = self._server or "the program's own database"
            raise Refused(
                f"The link leads to {link.server}, and this window shows {here}. Open that server"
                " first (File, Connections), then the link again."
            )

    def _show(self, link: Link) -> None:
        window = self._window
        match link:
            case RunLink():
                window.show_run(link.run_number, link.dataset)
                if link.ranges:
                    place = window.online if link.dataset == ONLINE else window.offline
                    place.show_cells(link.run_number, link.dataset, link.columns, link.ranges)
            case GoldenLink():
                window.go_into("golden")
                window.golden.show_row(link.list_id)
                if link.form:
                    window.golden.show_form(Form(link.form))
            case CycleLink():
                window.go_into("cycles")
                window.cycles.show_cycle(link.id_cycle)
            case ListLink():
                window.go_into(link.place)
                if link.workspace:
                    window.workspaces.choose(link.workspace)
                place = window.online if link.place == "online" else window.offline
                place.show_view(link)

    def _copy(self, link: Link | None) -> None:
        if link is not None:
            text = link_text(link)
            QGuiApplication.clipboard().setText(text)
            self._context.notices.tell(f"Copied: {text}")


def _is_link(text: str) -> bool:
    try:
        parse_link(text)
    except BadInput:
        return False
    return True
