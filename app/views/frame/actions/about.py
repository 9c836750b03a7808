"""What this program is, what it runs on, and where it keeps things; for a report, too."""

import platform
from collections.abc import Iterator, Sequence

import PySide6
from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from app.distribution import Licence, licences, program_version
from app.domain.clock import clock_words, server_ahead
from app.domain.errors import Refused, Unavailable
from app.domain.masking import masked
from app.services import databases
from app.services.acting import Acting
from app.views.background import Background, Work
from app.views.looks.theme import monospaced
from app.views.session import Session
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import Label

_SIZE = (720, 520)


class AboutDialog(QDialog):
    """Versions, database, person, folders and licences, to be read and copied."""

    def __init__(
        self, acting: Acting, session: Session, background: Background, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._session = session
        self._background = background
        self._reading = Work(background, self)
        self.setWindowTitle("About Run Registry Desktop")
        resize_to_fit(self, *_SIZE)
        title = Label("Run Registry Desktop: data certification of the CMS experiment")
        title.setProperty("role", "title")
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setFont(monospaced())
        self.text.setAccessibleName("About")
        self.text.setTabChangesFocus(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.setToolTip("Copy all of it, for a report")
        self.copy_button.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(title)
        layout.addWidget(self.text, 1)
        layout.addWidget(buttons)
        self._show("reading ...", ())
        self._reading.start(self._read())

    def copy(self) -> None:
        """Puts the text onto the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    async def _read(self) -> None:
        db = self._acting.db
        # Some fifty files of installed packages are read for them.
        known = await self._background.act(licences)
        try:
            version = await self._background.act(lambda: databases.server_version(db))
        except (Refused, Unavailable) as error:
            version = f"unknown: {error}"
        self._show(version, known)

    def _show(self, server: str, known: Sequence[Licence]) -> None:
        self.text.setPlainText(masked(about_text(self._acting, self._session, server, known)))


def about_text(acting: Acting, session: Session, server: str, known: Sequence[Licence] = ()) -> str:
    """All of it as lines; `server` is the version of PostgreSQL, `known` are the licences."""
    rights = session.rights or "none"
    off = clock_words(server_ahead()) or "right, to within a minute"
    parts = (
        (
            "Versions",
            (
                ("Program", program_version()),
                ("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
                ("Qt", f"{qVersion()}, PySide6 {PySide6.__version__}"),
                ("PostgreSQL", server),
                ("System", platform.platform()),
                ("Platform", QGuiApplication.platformName()),
            ),
        ),
        (
            "Database",
            (
                ("Name", f"{session.database} ({session.kind.value})"),
                ("Address", acting.db.dsn_without_password),
                ("Own schema", "used" if acting.db.desk else "not used: the login may not"),
                ("Clock", off),
            ),
        ),
        ("Person", (("E-mail", session.person), ("E-groups", rights))),
        ("Folders", session.folders),
        ("Licences", tuple(_licences(known))),
    )
    lines: list[str] = []
    for title, named in parts:
        if named:
            width = max(len(name) for name, _ in named) + 2
            lines += [title, *(f"  {name:<{width}}{value}" for name, value in named), ""]
    return "\n".join(lines).rstrip()


def _licences(known: Sequence[Licence]) -> Iterator[tuple[str, str]]:
    for each in known:
        yield each.name, f"{each.licence}  {each.version}".rstrip()
