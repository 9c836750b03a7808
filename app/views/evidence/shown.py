"""Whether the person had the histograms shown last, which is kept from one start to the next."""

from PySide6.QtCore import QSettings

_SHOWN = "evidence/shown"


def is_wanted(remembered: QSettings) -> bool:
    """Whether they were shown last."""
    return str(remembered.value(_SHOWN)).lower() == "true"


def remember(remembered: QSettings, *, shown: bool) -> None:
    """They are shown or hidden from now on."""
    remembered.setValue(_SHOWN, str(shown).lower())
