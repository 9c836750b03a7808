"""Keys and what this program is, told from the menu."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from app.views.actions import ActionRow
from app.views.notices import inform
from app.views.session import Session

MENU = ("help.keys", "help.about")
_KEYS = (
    ("Arrows, Home, End", "move in the grid; Alt: by ten; Shift: select; Ctrl: keep the selection"),
    ("Space", "select the cell, or leave it out; Shift: its row; Ctrl: its lumisection"),
    ("A", "select what has the same status around; Shift: in the whole row; Ctrl: the whole run"),
    ("Drag", "select; Ctrl: add, or take away from what is selected; Shift: move the last corner"),
    ("Click on a name or the axis", "select the row, or the lumisection"),
    ("+  -  0", "zoom in, out, whole run; or Ctrl and wheel"),
    ("[  ]", "previous, next change in the row; Shift: select up to it"),
    ("D", "select where the DCS bit is false; Shift: where it is true"),
    ("L", "type lumisections to select, such as 12-40, 55"),
    ("G B S X N", "draft GOOD, BAD, STANDBY, EXCLUDED, NOTSET; of DCS bits G is true, B false"),
    ("C  U", "comment, cause of the selected cells; Down: recent ones"),
    ("Delete", "leave the selected cells out of the draft"),
    ("Enter", "table: details in a tab; grid: preview of the draft, then write it"),
    ("Left, Right", "in the preview: keep their value, write yours"),
    ("Escape", "close the preview; drop the draft; drop the selection; back to now"),
    ("H", "history of the selection"),
    ("T", "the grid as it was at another moment; &lt; and &gt;: the moments beside it"),
    ("Z", "take the last step of the draft back; without one, undo your last action after a look"),
    ("Middle button, or drag the luminosity", "pan"),
    ("Ctrl+Shift+K  Ctrl+Shift+J", "why this class of the run; why this status of the cell"),
    ("Ctrl+N  Ctrl+S  Ctrl+Enter", "configuration: new item, save it, try it on runs"),
    ("Ctrl+Space", "rule: what can be typed here; Ctrl+T: text or tree; F8: next fault"),
    ("Ins  Del  !  &amp;  |", "tree of a rule: add, remove, negate, put into all of, any of"),
    ("Alt+arrows", "tree of a rule: up, down, out of the group, into the one beside"),
)


class HelpActions:
    """Actions that tell about the program."""

    def __init__(self, session: Session, window: QWidget) -> None:
        self._session = session
        self._window = window

    def rows(self) -> Sequence[ActionRow]:
        """The actions by name."""
        return [
            ActionRow("help.keys", "Keys", self._show_keys, "F1"),
            ActionRow("help.about", "About", self._show_about),
        ]

    def _show_keys(self) -> None:
        lines = [
            f"<tr><td><b>{keys}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>" for keys, what in _KEYS
        ]
        text = f"<table>{''.join(lines)}</table>Every other key is in the menus."
        inform(self._window, "Keys", text, is_markup=True)

    def _show_about(self) -> None:
        session = self._session
        inform(
            self._window,
            "About",
            "Run Registry Desktop: data certification of the CMS experiment.\n\n"
            f"Database: {session.database} ({session.kind.value})\nPerson: {session.person}",
        )
