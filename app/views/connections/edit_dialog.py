"""One connection, added or edited: address, login, proof, encryption, colour."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QWidget,
)

from app.domain.connections.named import (
    GSS_MODES,
    LONGEST_NAME,
    SSL_MODES,
    Kind,
    NamedConnection,
    Proof,
    check,
)
from app.domain.errors import Refused
from app.services.connections.book import checked_address
from app.views.background import Background, Work
from app.views.connections.findings import Findings
from app.views.looks.theme import STEP, Themes
from app.views.session import Openings
from app.views.widgets.dialogs.action_dialog import ActionDialog, Outcome
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import ChoiceBox

_SIZE = (600, 720)
_FINDINGS = 120
_SWATCH = 14
_PROOFS = {
    Proof.KERBEROS: "Kerberos ticket (kinit)",
    Proof.PASSWORD: "Password from the system keyring",
    Proof.CERTIFICATE: "Client certificate",
}
_GREATEST_PORT = 65535


class ConnectionDialog(ActionDialog):
    """Keeps a connection; *Test* tries what the form holds before it is kept."""

    def __init__(
        self,
        openings: Openings,
        seen: NamedConnection | None,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        title = "Add a connection" if seen is None else f"Edit {seen.name}"
        super().__init__(background, title, "Save", parent)
        self._openings = openings
        self._seen = seen
        self._work = Work(background, self)
        self._make_fields(seen or NamedConnection(""))
        self.findings = Findings(themes)
        self.findings.setFixedHeight(_FINDINGS)
        self.findings.hide()
        self.test_button = self.buttons.addButton("Test", QDialogButtonBox.ButtonRole.ActionRole)
        self.test_button.setToolTip("Try what the form holds; nothing is kept or changed")
        self.test_button.clicked.connect(self.test)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setLayout(self._fields())
        area.setWidget(inside)
        self.parts.insertWidget(0, area, 1)
        self.parts.insertWidget(1, self.findings)
        for place in range(1, self.parts.count()):
            self.parts.setStretch(place, 0)  # all that is left over is for the fields
        resize_to_fit(self, *_SIZE)
        self._show_needed()

    def work(self) -> Callable[[], Outcome]:
        """Keeps what the form holds."""
        new, seen, password = self.connection(), self._seen, self.password.text()
        check(new)
        book = self._openings.book

        def keep() -> Outcome:
            book.put(new, seen=seen)
            # From here on it is there: another try must not find it in its own way.
            self._seen = new
            if password and new.proof is Proof.PASSWORD:
                book.keep_password(new, password)
            return f'The connection "{new.name}" is kept.'

        return keep

    def connection(self) -> NamedConnection:
        """What the form holds."""
        return NamedConnection(
            self.name.text().strip(),
            Kind(self.kind.currentData()),
            self.host.text().strip(),
            self.port.value(),
            self.database.text().strip(),
            self.login.text().strip(),
            Proof(self.proof.currentData()),
            self.certificate.text().strip(),
            self.key.text().strip(),
            str(self.sslmode.currentData()),
            self.ca_file.text().strip(),
            str(self.gssencmode.currentData()),
            self._colour,
            self.read_only.isChecked(),
            self.direct.text().strip(),
            self.read_standby.isChecked(),
        )

    def test(self) -> None:
        """Tries what the form holds."""
        self.refuse("")
        try:
            connection = self.connection()
            check(connection if connection.name else replace(connection, name="new"))
            checked_address(connection)
        except Refused as error:
            self.refuse(str(error))
            return
        password = self.password.text() or None
        openings = self._openings
        self.findings.say("Testing ...")
        self.findings.show()
        self._work.start(
            self._background.attempt(
                lambda: openings.try_connection(connection, password),
                self.findings.show_trial,
                self.findings.show_error,
            )
        )

    def _make_fields(self, shown: NamedConnection) -> None:
        self.name = _line(shown.name, "integration")
        self.name.setMaxLength(LONGEST_NAME)
        kinds = {each: each.value for each in (Kind.PRODUCTION, Kind.TEST)}
        self.kind = _choice(kinds, shown.kind)
        self.host = _line(shown.host, "dbserver.cern.ch")
        self.port = QSpinBox(minimum=1, maximum=_GREATEST_PORT, value=shown.port)
        self.host.setToolTip("A server, or several that hold the same, with commas between")
        self.direct = _line(shown.direct, "where the host is a pooler: dbserver.cern.ch:5432")
        self.direct.setToolTip("The server itself: news and elections need it")
        self.database = _line(shown.database, "run_registry")
        self.login = _line(shown.login, "your account on this machine")
        self.proof = _choice(_PROOFS, shown.proof)
        kept = self._seen is not None and self._seen.proof is Proof.PASSWORD
        self.password = _line("", "as it is kept, if it is; type to replace it" if kept else "")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.certificate = _line(shown.certificate, "PEM file")
        self.key = _line(shown.key, "in the certificate's file")
        self.sslmode = _choice({each: _TLS[each] for each in SSL_MODES}, shown.sslmode)
        self.ca_file = _line(shown.ca_file, "~/.postgresql/root.crt")
        self.gssencmode = _choice({each: each for each in GSS_MODES}, shown.gssencmode)
        self._colour = shown.colour
        self.colour = QPushButton()
        self.colour.setAutoDefault(False)
        self.colour.setAccessibleName("Colour of the strip")
        self.colour.clicked.connect(self._choose_colour)
        self.plain = QPushButton("That of the kind")
        self.plain.setAutoDefault(False)
        self.plain.clicked.connect(lambda: self._set_colour(""))
        self.read_only = QCheckBox("Nothing can be changed over it")
        self.read_only.setChecked(shown.read_only)
        self.read_standby = QCheckBox("Of several hosts, read on a standby")
        self.read_standby.setChecked(shown.read_standby)
        self._set_colour(shown.colour)
        self.proof.currentIndexChanged.connect(self._show_needed)

    def _fields(self) -> QFormLayout:
        self.rows = QFormLayout()
        self.rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.rows.setContentsMargins(0, 0, 2 * STEP, 0)
        self.rows.addRow("&Name", self.name)
        self.rows.addRow("&Kind", self.kind)
        self.rows.addRow("&Host", self.host)
        self.rows.addRow("P&ort", self.port)
        self.rows.addRow("Direct address", self.direct)
        self.rows.addRow("&Database", self.database)
        self.rows.addRow("&Login", self.login)
        self.rows.addRow("&Proof", self.proof)
        self.rows.addRow("Pass&word", self.password)
        self.certificate_row = self._with_browse(self.certificate, "Client certificate")
        self.rows.addRow("&Certificate", self.certificate_row)
        self.key_row = self._with_browse(self.key, "Key of the client certificate")
        self.rows.addRow("K&ey file", self.key_row)
        self.rows.addRow("&TLS mode", self.sslmode)
        self.rows.addRow("C&A file", self._with_browse(self.ca_file, "Certificates of the CA"))
        self.rows.addRow("&GSS encryption", self.gssencmode)
        colours = QWidget()
        both = QHBoxLayout(colours)
        both.setContentsMargins(0, 0, 0, 0)
        both.addWidget(self.colour)
        both.addWidget(self.plain)
        both.addStretch(1)
        self.rows.addRow("Colour of the strip", colours)
        self.rows.addRow("&Read-only", self.read_only)
        self.rows.addRow("Standby", self.read_standby)
        return self.rows

    def _with_browse(self, line: QLineEdit, title: str) -> QWidget:
        row = QWidget()
        row.setFocusProxy(line)
        line.setAccessibleName(title)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        button = QPushButton("Browse...")
        button.setAutoDefault(False)
        button.setAccessibleName(f"Browse for {title[0].lower()}{title[1:]}")
        button.clicked.connect(lambda: self._browse(line, title))
        layout.addWidget(line, 1)
        layout.addWidget(button)
        return row

    def _browse(self, line: QLineEdit, title: str) -> None:
        dialog = QFileDialog(self, title, line.text())
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(line.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _choose_colour(self) -> None:
        dialog = QColorDialog(self)
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.colorSelected.connect(lambda colour: self._set_colour(colour.name()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _set_colour(self, colour: str) -> None:
        self._colour = colour
        self.colour.setText(colour or "Choose...")
        picture = QPixmap(_SWATCH, _SWATCH)
        if colour:
            picture.fill(colour)
        self.colour.setIcon(QIcon(picture) if colour else QIcon())
        self.plain.setEnabled(bool(colour))

    def _show_needed(self) -> None:
        """Shows what the chosen proof needs."""
        proof = Proof(self.proof.currentData())
        self.rows.setRowVisible(self.password, proof is Proof.PASSWORD)
        for row in (self.certificate_row, self.key_row):
            self.rows.setRowVisible(row, proof is Proof.CERTIFICATE)


_TLS = {
    "verify-full": "verify-full: the certificate proves the server",
    "verify-ca": "verify-ca: the CA is proved, the host isn't",
    "require": "require: encrypted, nothing is proved",
    "prefer": "prefer: encrypted where the server can",
    "allow": "allow: encrypted where the server insists",
    "disable": "disable: never encrypted",
}


def _line(text: str, placeholder: str) -> QLineEdit:
    return QLineEdit(text, placeholderText=placeholder)


def _choice(names: dict[Kind, str] | dict[Proof, str] | dict[str, str], chosen: str) -> ChoiceBox:
    box = ChoiceBox()
    for value, text in names.items():
        box.addItem(text, str(value))
    box.setCurrentIndex(max(box.findData(str(chosen)), 0))
    return box
