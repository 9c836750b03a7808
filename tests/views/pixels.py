"""Pictures of what is painted, for tests that measure pixels."""

from collections import Counter
from collections.abc import Callable

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from app.views.looks.theme import contrast


def picture_of(paint: Callable[[QPainter, QRect], None]) -> QImage:
    """The inside of what is painted into a small box, with letters of full strokes."""
    box = QRect(0, 0, 40, 24)
    picture = QImage(box.size(), QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    font = QFont(painter.font())
    font.setPixelSize(16)
    font.setBold(True)
    painter.setFont(font)
    paint(painter, box)
    painter.end()
    return picture.copy(box.adjusted(5, 5, -5, -5))


def contrast_in(picture: QImage) -> float:
    """Contrast of what is painted in a picture to what it is painted on."""
    pixels = Counter(
        picture.pixel(x, y) for x in range(picture.width()) for y in range(picture.height())
    )
    ground = QColor(pixels.most_common(1)[0][0])
    return max(contrast(ground, QColor(pixel)) for pixel in pixels)
