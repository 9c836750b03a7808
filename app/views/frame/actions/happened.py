"""*What happened*: bell, tray and list, put together, and what opens each thing."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, SignalInstance
from PySide6.QtWidgets import QWidget

from app.domain.counting import counted
from app.domain.links import Link
from app.domain.notification_choice import Choice, NotificationKind
from app.domain.notifications import Notification
from app.services.notifications.book import Happened
from app.services.notifications.waiting import Waiting
from app.views.actions import ActionRow
from app.views.drafts import DraftBook
from app.views.focus import come_forward
from app.views.frame.actions.preferences import PreferencesActions
from app.views.frame.actions.share import SharedLinks
from app.views.frame.status_bar import StatusBar
from app.views.frame.watching.notification_watch import NotificationWatch
from app.views.notices import inform
from app.views.notifications.bell import Bell
from app.views.notifications.entries import TITLE, Entry, State
from app.views.notifications.happened_dialog import HappenedDialog
from app.views.notifications.tray import Tray
from app.views.places import PlaceContext

MENU = ("view.happened", "view.quiet")
_NO_SETTINGS = "This window was opened without the settings of the program."
_QUIET = "do_not_disturb"


class Window(Protocol):
    """Where things are opened."""

    drafts: DraftBook

    @property
    def shared(self) -> SharedLinks: ...
    @property
    def preferences(self) -> PreferencesActions: ...
    def go_into(self, name: str) -> None: ...
    def show_run(self, run_number: int, dataset: str = ...) -> None: ...
    def close(self) -> bool: ...


class Happenings(QObject):
    """Shows what was told and what waits, in bell, tray and list."""

    def __init__(self, context: PlaceContext, window: Window, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._window = window
        self._parent = parent
        self._watch = NotificationWatch(context, context.notifications, self)
        self._waiting = Waiting()
        self._state = State()
        self._dialog: HappenedDialog | None = None
        self.bell = Bell(context.themes)
        self.tray = Tray(context.themes, parent)
        self.bell.list_wanted.connect(self.open)
        self.tray.list_wanted.connect(self.open)
        self.tray.link_wanted.connect(self._follow_forward)
        self.tray.window_wanted.connect(lambda: come_forward(parent))
        self.tray.quiet_wanted.connect(self.be_quiet)
        self.tray.quit_wanted.connect(window.close)
        self._watch.said.connect(self._show)
        self._watch.told.connect(self._tell)
        window.drafts.offers_changed.connect(self._renew)

    def rows(self) -> Sequence[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "view.happened",
                f"{TITLE}...",
                self.open,
                "Ctrl+D",
                "bell",
                "What others did that concerns you, and what waits for you",
                commands=("notifications list",),
            ),
            ActionRow(
                "view.quiet",
                "Do not disturb",
                lambda: self.be_quiet(not self._state.quiet),
                tip=f"Show nothing on the desktop; {TITLE} lists it still",
                why_not=lambda: "" if self._context.workplace.openings else _NO_SETTINGS,
                is_checked=lambda: self._state.quiet,
                commands=("settings set",),
                parameters=("name", "value"),
            ),
        ]

    def open(self) -> HappenedDialog:
        """Opens the list; what is in it counts as looked at when it is closed."""
        come_forward(self._parent)
        if self._dialog is None:
            dialog = HappenedDialog(self._state, self._context.themes, self._parent)
            dialog.link_wanted.connect(self._window.shared.follow)
            dialog.quiet_wanted.connect(self.be_quiet)
            dialog.preferences_wanted.connect(self._window.preferences.open)
            dialog.finished.connect(self._closed)
            self._dialog = dialog
            dialog.open()
        return self._dialog

    def be_quiet(self, quiet: bool) -> None:
        """Shows nothing on the desktop, or does again; kept in the settings."""
        openings = self._context.workplace.openings
        if openings is None or quiet == self._state.quiet:
            return
        preferences = openings.preferences

        async def keep() -> None:
            await self._context.background.act(
                lambda: preferences.set(_QUIET, "on" if quiet else "off"), reaches_server=False
            )
            self._watch.look()

        self._context.background.run(keep(), self)

    def start(self, status: StatusBar, changed: SignalInstance) -> None:
        """Puts the bell into the status bar, and looks from now on, soon after each change."""
        status.add_bell(self.bell)
        changed.connect(self._watch.hear)
        self._watch.start()

    def stop(self) -> None:
        """Leaves the tray, and looks no more."""
        self._watch.stop()
        self.tray.close()

    def _show(self, happened: Happened, waiting: Waiting, choice: Choice) -> None:
        self._waiting = waiting
        self.tray.look()
        self._state = State(happened, tuple(self._entries()), choice.quiet)
        self._show_state()

    def _renew(self) -> None:
        self._state = State(self._state.happened, tuple(self._entries()), self._state.quiet)
        self._show_state()

    def _show_state(self) -> None:
        self.bell.show_state(self._state)
        self.tray.show_state(self._state)
        if self._dialog is not None:
            self._dialog.show_state(self._state)

    def _tell(
        self, notifications: Sequence[Notification], more: Collection[NotificationKind]
    ) -> None:
        self.tray.tell(notifications, more)

    def _closed(self) -> None:
        self._dialog = None

        async def read() -> None:
            happened = await self._watch.mark_read()
            self._show(happened, self._waiting, Choice(quiet=self._state.quiet))

        self._context.background.run(read(), self)

    def _follow_forward(self, link: Link) -> None:
        come_forward(self._parent)
        self._window.shared.follow(link)

    def _entries(self) -> Iterator[Entry]:
        """What waits, each with what opens it."""
        waiting, window = self._waiting, self._window

        def into(place: str) -> Callable[[], None]:
            def open_place() -> None:
                come_forward(self._parent)
                window.go_into(place)

            return open_place

        if waiting.proposals:
            text = f"{counted(waiting.proposals, 'proposal')} of agents"
            yield Entry("proposals", text, into("agents"))
        if window.drafts.offers:
            draft = window.drafts.offers[0].draft
            text = counted(len(window.drafts.offers), "draft")
            yield Entry("drafts", text, lambda: window.show_run(draft.run_number, draft.dataset))
        if waiting.datasets:
            text = f"{counted(waiting.datasets, 'dataset')} to certify in cycles"
            yield Entry("to do", text, into("todo"))
        if waiting.deadlines:
            text = f"{counted(waiting.deadlines, 'cycle')} near or past the deadline"
            yield Entry("deadlines", text, into("cycles"))
        if waiting.wishes:
            words = "\n".join(f"{each.words}: {each.state}" for each in waiting.wishes)
            text = f"{counted(len(waiting.wishes), 'wish', 'wishes')} of yours"
            yield Entry("wishes", text, lambda: inform(self._parent, "Wishes", words))
