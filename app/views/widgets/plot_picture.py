"""Plots as pictures."""

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QGraphicsView

_SCALE = 2


def png_of(plot: QGraphicsView, ground: QColor) -> bytes:
    """A plot as it is seen, with twice the pixels."""
    size = plot.size()
    image = QImage(size * _SCALE, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(_SCALE)
    image.fill(ground)
    painter = QPainter(image)
    plot.render(painter, QRectF(0, 0, size.width(), size.height()), plot.viewport().rect())
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(content.data())
