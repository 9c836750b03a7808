"""The Help menu: keys, and what this program is."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.views.actions import ActionRow
from app.views.frame.actions.about import AboutDialog
from app.views.frame.actions.documentation import PAGES, DocumentationWindow
from app.views.places import PlaceContext
from app.views.recount.standing_dialog import StandingDialog
from app.views.seal.verify_dialog import VerifyDialog
from app.views.widgets.dialogs.fitting import ScrolledText

MENU = ("help.page", "help.keys", "help.verify", "help.state", "", "help.about")
_WIDE = 760
KEYS = (
    (
        "Arrows, Home, End",
        "move in the grid; Alt: by ten; Shift: select; Ctrl with arrows: keep the selection",
    ),
    ("Space", "select or deselect the cell; Shift: its row; Ctrl: its lumisection"),
    (
        "A",
        "select neighbours with the same status; Shift: in the whole row; Ctrl: the whole run",
    ),
    ("I", "fold or open the luminosity below the grid; so does a click on its name"),
    ("Drag", "select; Ctrl: add to or remove from the selection; Shift: move the last corner"),
    ("Click on a name or the axis", "select the row, or the lumisection"),
    ("+  -  0", "zoom in, out, whole run; or Ctrl and wheel"),
    ("[  ]", "previous, next change in the row; Shift: select up to it"),
    ("D", "select where the DCS bit is false; Shift: where it is true"),
    ("L", "type lumisections to select, such as 12-40, 55"),
    ("G B S X N", "draft GOOD, BAD, STANDBY, EXCLUDED, NOTSET; of DCS bits G is true, B false"),
    ("C  U", "comment, cause of the selected cells; Down: recent ones"),
    ("Delete", "remove the selected cells from the draft"),
    ("Enter", "table: details in a tab; grid: preview of the draft, then write it"),
    ("Left, Right", "conflict in the preview: keep their value, write yours; Up, Down: the next"),
    (
        "Escape",
        "close the preview; discard the draft; clear the selection; back to now; history: back to"
        " the grid",
    ),
    ("Ctrl+C", "copy what is selected, as a spreadsheet takes it: rows, cells of the grid"),
    ("Ctrl+Z  Ctrl+Y", "in a text or a rule: its own undo and redo"),
    ("H", "history of the selection"),
    ("P", "pin rates, dead time, pile-up, prescale column or beams under the grid"),
    (
        "E",
        "histograms of the DQM GUI beside the grid; there Enter: open the page; A: attach it to the"
        " comment; R: ask again; E or Escape: back to the grid",
    ),
    ("T", "the grid at another moment; &lt; and &gt;: the moments before and after it"),
    ("Z", "undo the last step of the draft; without a draft, preview the undo of your last action"),
    ("Middle button, or drag the luminosity", "pan"),
    ("Ctrl+Shift+K  Ctrl+Shift+J", "why the run has its class; why the cell has its status"),
    ("Ctrl+N  Ctrl+S  Ctrl+Enter", "configuration: new item, save, try on runs"),
    ("Ctrl+Space", "rule: completions; Ctrl+T: text or tree; F8: next error"),
    ("Ins  Del  !  &amp;  |", "tree of a rule: add, remove, negate, wrap in all of, any of"),
    ("Alt+arrows", "tree of a rule: move up, down, out of the group, into the next group"),
)


class HelpActions:
    """Actions of the Help menu."""

    def __init__(self, context: PlaceContext, window: QWidget, place: Callable[[], str]) -> None:
        """`place` is the name of the one in front."""
        self._context = context
        self._window = window
        self._place = place

    def rows(self) -> Sequence[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "help.page",
                "Help on this place",
                self._show_page,
                "F1",
                tip="How the work of this place is done, and all other documentation",
                no_command="--help behind any command explains it.",
            ),
            ActionRow(
                "help.keys",
                "Keys",
                self._show_keys,
                "Shift+F1",
                tip="The keys of grid, tables and rules",
                no_command="The command line has no keys.",
            ),
            ActionRow(
                "help.verify",
                "Verify history...",
                self._verify_history,
                tip="Find out whether anything was altered since it was sealed",
                commands=("seal verify",),
            ),
            ActionRow(
                "help.state",
                "State of the database...",
                self._show_state,
                tip="How complete and fresh summaries are, and what was found to be false",
                who="everybody; only a puller's login puts right what is wrong, where rights are"
                " proved by the database",
                commands=("db check",),
            ),
            ActionRow(
                "help.about",
                "About...",
                self._show_about,
                tip="Versions, database, person, folders and licences",
                no_command="run-registry --version and db check say it.",
            ),
        ]

    def _show_page(self) -> None:
        DocumentationWindow(PAGES[self._place()], self._window).show()

    def _show_keys(self) -> None:
        lines = [
            f"<tr><td><b>{keys}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>" for keys, what in KEYS
        ]
        text = f'<table width="100%">{"".join(lines)}</table>All other keys are in the menus.'
        ScrolledText("Keys", text, _WIDE, self._window).open()

    def _verify_history(self) -> None:
        context = self._context
        VerifyDialog(
            context.acting,
            context.background,
            context.notices,
            context.workplace.seal_key(),
            self._window,
        ).open()

    def _show_state(self) -> None:
        context = self._context
        StandingDialog(context.acting, context.background, self._window).open()

    def _show_about(self) -> None:
        context = self._context
        session = context.workplace.session
        dialog = AboutDialog(context.acting, session, context.background, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
