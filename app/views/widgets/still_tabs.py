"""Tabs that are painted anew only when something of their size has changed."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QTabWidget, QWidget


class StillTabs(QTabWidget):
    """Lets go by what would change nothing: a text inside asks for a new layout of all that is
    around it, and Qt's own tabs then paint themselves with everything in them, several times for
    each run that is chosen. What wants another size inside is told to what is around, no more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measures: tuple[QSize | bool, ...] = ()
        self._wanted: tuple[QSize, ...] = ()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            bar = self.tabBar()
            measures = (bar.isHidden(), bar.sizeHint(), bar.size(), self.size())
            wanted = (self.minimumSizeHint(), self.sizeHint())
            if measures == self._measures:
                if wanted != self._wanted:
                    self._wanted = wanted
                    self.updateGeometry()
                return True
            self._measures, self._wanted = measures, wanted
        return super().event(event)
