"""The pane beside the grid: histograms of the DQM GUI, following run, dataset and column."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.domain.errors import Refused, Unavailable
from app.domain.keys import DatasetKey
from app.domain.sources.histograms import Histogram
from app.domain.sources.layouts import ANY_WORKSPACE, Layout, of_workspace, workspace_of
from app.services.evidence import histograms
from app.services.evidence.sources import Evidence
from app.views.background import Work, Works
from app.views.evidence.histogram_list import ASKED_FOR, HistogramList, decoded
from app.views.evidence.shown import remember
from app.views.looks import words
from app.views.looks.theme import STEP, Theme
from app.views.places import PlaceContext
from app.views.widgets.line_label import CutLabel
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import ChoiceBox, Label

NO_DQM_GUI = "No DQM GUI is asked here."

_SETTLE_MS = 150
_LEAST_WIDTH = 200
_FIRST_WIDTH = 340
_WIDTH = "evidence/width"


class EvidencePane(QFrame):
    """Histograms of the dataset in front, by the layouts of the workspace whose column has the
    focus.

    Signals: `grid_wanted()` when the keyboard is to go back; `attach_wanted(address, name)` of a
    histogram for the comment.
    """

    grid_wanted = Signal()
    attach_wanted = Signal(str, str)

    def __init__(
        self,
        context: PlaceContext,
        open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self.setAccessibleName("Evidence")
        self.setMinimumWidth(_LEAST_WIDTH)
        self._context = context
        self._background = context.background
        self._open_url = open_url
        self._key: DatasetKey | None = None
        self._read_key: DatasetKey | None = None
        self._workspace = ANY_WORKSPACE
        self._last_layout: dict[str, str] = {}
        self._reading = Work(self._background, self)
        self._fetching = Works(self._background, self)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self.title = CutLabel("Histograms")
        self.title.setProperty("role", "title")
        self.title.setMinimumWidth(1)
        self.datasets = _choice("Name in the DQM GUI")
        self.layouts = _choice("Layout")
        self.list = HistogramList(context.themes)
        self.bar = LoadingBar(context.themes)
        self.message = Label(wordWrap=True)
        self.message.setProperty("role", "warning")
        self.message.hide()
        self.empty = Label(wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.attach = self._button("Attach to the comment (A)", "add", self._attach)
        self.page = self._button("Open in the DQM GUI (Enter)", "link", self._open_page)
        self.again = self._button("Ask again (R)", "refresh", self._again)
        self.close_button = self._button("Hide", "cross", lambda: self.set_shown(shown=False))
        self._lay_out()
        self._connect()
        self._apply_theme(context.themes.theme)
        self._say_empty("Select a run to see its histograms.")
        self.hide()

    def home(self) -> QWidget:
        """The histograms."""
        return self.list

    @property
    def histograms(self) -> Sequence[Histogram]:
        """What is in the list."""
        model = self.list.histograms
        return [model.entry(row).histogram for row in range(model.rowCount())]

    def follow(self, key: DatasetKey | None) -> None:
        """Another dataset is in front."""
        self._key = key
        if self.isVisible():
            self._settle.start()

    def follow_column(self, column: str) -> None:
        """A column has the focus: its workspace says which layouts are offered."""
        workspace = workspace_of(column)
        if workspace and workspace != self._workspace:
            self._workspace = workspace
            if self.isVisible():
                self._settle.start()

    def set_shown(self, *, shown: bool) -> None:
        """Shows or hides the pane, here and in what is opened from now on."""
        remember(self._context.remembered, shown=shown)
        self.setVisible(shown)

    @property
    def wanted_width(self) -> int:
        """How wide the person had it last."""
        said = str(self._context.remembered.value(_WIDTH) or "")
        return max(int(said), _LEAST_WIDTH) if said.isdecimal() else _FIRST_WIDTH

    def remember_width(self) -> None:
        """It was dragged."""
        if not self.isVisible():
            return
        self._context.remembered.setValue(_WIDTH, str(self.width()))

    # Reading

    def _renew(self) -> None:
        """What is shown belongs to another dataset or workspace."""
        if self._key is None:
            self._say_empty("Select a run to see its histograms.")
        elif self._context.evidence is None:
            self._say_empty(NO_DQM_GUI)
        elif self._key != self._read_key:
            self._reading.start(self._read(self._context.evidence, self._key))
        elif self._offer_layouts(self._context.evidence):
            self._fetch()
        elif waiting := self.list.histograms.waiting:
            # They were dropped when the pane was hidden.
            self._fetch_all(self._context.evidence, waiting, anew=False)

    async def _read(self, evidence: Evidence, key: DatasetKey) -> None:
        acting = self._context.acting
        try:
            names = await self._background.read(lambda: histograms.names_of(acting, *key))
        except Refused as error:
            self._say_empty(str(error))
            return
        self._read_key = key
        self.title.setText(f"Histograms of {key[0]}")
        self.datasets.blockSignals(True)  # one fetch, below
        before = self.datasets.currentText()
        self.datasets.clear()
        self.datasets.addItems(names)
        self.datasets.setCurrentText(before)
        self.datasets.blockSignals(False)
        self.datasets.setVisible(len(names) > 1)
        self._offer_layouts(evidence)
        if names:
            self._fetch()
        else:
            self._say_empty(f"{key[1]} of run {key[0]} is not in the DQM GUI yet.")

    def _offer_layouts(self, evidence: Evidence) -> bool:
        """The layouts of the workspace; returns whether another one is chosen now."""
        before = self.layouts.currentData()
        found = of_workspace(evidence.layouts, self._workspace)
        self.layouts.blockSignals(True)  # nobody chose
        self.layouts.clear()
        for layout in found:
            self.layouts.addItem(f"{layout.workspace}: {layout.name}", layout)
        wanted = self._last_layout.get(self._workspace, "")
        place = next((at for at, each in enumerate(found) if each.name == wanted), 0)
        self.layouts.setCurrentIndex(place if found else -1)
        self.layouts.blockSignals(False)
        return bool(self.layouts.currentData() != before)

    def _chosen_layout(self) -> Layout | None:
        found = self.layouts.currentData()
        return found if isinstance(found, Layout) else None

    def _layout_chosen(self) -> None:
        layout = self._chosen_layout()
        if layout is not None:
            self._last_layout[self._workspace] = layout.name
            self._fetch()

    def _fetch(self, *, anew: bool = False) -> None:
        layout, evidence, key = self._chosen_layout(), self._context.evidence, self._read_key
        name = self.datasets.currentText()
        if evidence is None or key is None or not name:
            return
        if layout is None:
            self._say_empty("There is no layout. Name a file of yours in dqm_gui_layouts.")
            return
        self.empty.hide()
        self.list.show()
        found = [Histogram(key[0], name, path) for path in layout.histograms]
        self.list.show_histograms(found)
        self._fetch_all(evidence, found, anew=anew)
        self._update()

    def _fetch_all(self, evidence: Evidence, wanted: Sequence[Histogram], *, anew: bool) -> None:
        self._fetching.start(self._fetch_one(evidence, each, anew=anew) for each in wanted)

    async def _fetch_one(self, evidence: Evidence, histogram: Histogram, *, anew: bool) -> None:
        model = self.list.histograms
        try:
            picture = await self._background.fetched(
                evidence.source.picture(histogram, ASKED_FOR, anew=anew)
            )
            image = await self._background.read(
                lambda: decoded(picture.content), reaches_server=False
            )
        except (Refused, Unavailable) as error:
            model.fail(histogram, str(error))
        else:
            model.put(histogram, image)
        self._update()

    def _again(self) -> None:
        """Asks again for all that is missing and for the chosen one."""
        evidence, model = self._context.evidence, self.list.histograms
        if evidence is None:
            return
        if self._read_key is None:
            self._renew()
            return
        missing = [each for row, each in enumerate(self.histograms) if model.entry(row).words]
        wanted = list(dict.fromkeys([*missing, *filter(None, [self.list.chosen])]))
        for histogram in wanted:
            model.wait(histogram)
        self._fetch_all(evidence, wanted, anew=True)
        self._update()

    # What is done with a histogram

    def _attach(self) -> None:
        if self._context.evidence is not None and self.list.chosen is not None:
            chosen = self.list.chosen
            self.attach_wanted.emit(self._context.evidence.page(chosen), chosen.name)

    def _open_page(self) -> None:
        if self._context.evidence is None or self.list.chosen is None:
            return
        address = self._context.evidence.page(self.list.chosen)
        if not self._open_url(QUrl(address)):
            self._context.notices.refuse(
                Refused(f"No browser could be opened. The address is {address}")
            )

    # Showing

    def _say_empty(self, text: str) -> None:
        self._fetching.drop()
        self._read_key = None
        self.title.setText("Histograms")
        self.list.show_histograms(())
        self.list.hide()
        self.empty.setText(text)
        self.empty.show()
        self._update()

    def _update(self) -> None:
        model = self.list.histograms
        failures, count = model.failures, model.rowCount()
        # Before anybody looks at it nothing is made of where it comes from.
        evidence = self._context.evidence if self.isVisible() else None
        said = [] if evidence is None else [evidence.faulty]
        if len(failures) == 1 and count > 1 and not model.shown:
            said.append("No picture came. R asks for all of them again.")
        elif failures:
            missing = sum(bool(model.entry(row).words) for row in range(count))
            said.append(
                f"{words.counted(missing, 'picture')} missing. R asks for all of them again."
            )
        self.message.setText("\n".join(filter(None, said)))
        self.message.setVisible(bool(self.message.text()))
        has_one = self.list.chosen is not None
        for button in (self.attach, self.page, self.again):
            button.setEnabled(has_one)
        self.layouts.setEnabled(self.layouts.count() > 0)

    def _button(self, tip: str, icon: str, handler: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setProperty("icon name", icon)
        button.clicked.connect(lambda _checked=False: handler())
        return button

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(2 * STEP, STEP, STEP, 0)
        top.setSpacing(STEP)
        top.addWidget(self.title, 1)
        for button in (self.attach, self.page, self.again, self.close_button):
            top.addWidget(button)
        choices = QVBoxLayout()
        choices.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        choices.setSpacing(STEP)
        choices.addWidget(self.datasets)
        choices.addWidget(self.layouts)
        choices.addWidget(self.message)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addLayout(choices)
        layout.addWidget(self.bar)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.list, 1)
        self.datasets.hide()

    def _connect(self) -> None:
        self._settle.timeout.connect(self._renew)
        self.layouts.currentIndexChanged.connect(lambda _place: self._layout_chosen())
        self.datasets.currentIndexChanged.connect(lambda _place: self._fetch())
        self._reading.running_changed.connect(self._show_loading)
        self._fetching.running_changed.connect(self._show_loading)
        self.list.grid_wanted.connect(self.grid_wanted)
        self.list.attach_wanted.connect(lambda _histogram: self._attach())
        self.list.page_wanted.connect(lambda _histogram: self._open_page())
        self.list.again_wanted.connect(lambda _histogram: self._again())
        self._context.themes.changed.connect(self._apply_theme)

    def _show_loading(self) -> None:
        self.bar.set_loading(self._reading.is_running or self._fetching.is_running)

    def _apply_theme(self, theme: Theme) -> None:
        for button in (self.attach, self.page, self.again, self.close_button):
            button.setIcon(theme.icon(str(button.property("icon name"))))

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._settle.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._settle.stop()
        self._reading.drop()
        self._fetching.drop()


def _choice(name: str) -> ChoiceBox:
    box = ChoiceBox()
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box
