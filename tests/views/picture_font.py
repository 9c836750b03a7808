"""A font in which texts take the room that they have in the stored pictures, of any family."""

from PySide6.QtGui import QFont, QFontMetrics

_TEXT = "Lumisections of run 392001, 12-40"
_HEIGHT, _WIDTH = 14, 210
_PIXELS = range(6, 31)
_POINTS_OF_A_PIXEL = 72 / 96
"""Of the offscreen platform."""


def like_the_pictures(family: str) -> QFont:
    """The family in the size and stretch that come nearest to the room of the pictures."""

    def of(pixels: int) -> QFont:
        font = QFont(family)
        font.setPointSizeF(pixels * _POINTS_OF_A_PIXEL)
        return font

    def apart(font: QFont) -> tuple[int, int]:
        metrics = QFontMetrics(font)
        return abs(metrics.height() - _HEIGHT), abs(metrics.horizontalAdvance(_TEXT) - _WIDTH)

    font = min((of(pixels) for pixels in _PIXELS), key=apart)
    width = QFontMetrics(font).horizontalAdvance(_TEXT)
    if width != _WIDTH:
        font.setStretch(round(100 * _WIDTH / width))
    return font
