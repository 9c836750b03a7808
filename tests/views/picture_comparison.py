"""Pictures of places compared with stored ones, so that fonts don't count and what moved does.

Pictures are made small and compared in squares, each time by medians: letters and lines, which
cover less than half of what is around them, are gone, while a panel that moved or a colour that is
wrong changes whole squares.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

FOLDER = Path(__file__).parent / "pictures"
WINDOW = QSize(1280, 800)
STORED = QSize(320, 200)
_SQUARE = 5
"""Pixels of a stored picture, 20 of the window."""
_SEEN = 14.0
"""Of 255: a square whose colour differs by less looks the same."""
_SHIFT = 2
"""Pixels of a stored picture by which something may be elsewhere, 8 of the window."""
MOST = 0.02
"""Share of the squares that may look different: fonts of one size differ in 1.5 % of them, and a
strip of buttons that is gone in 2.6 %."""

Squares = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """How much of a picture is different, and where: one number for each square."""

    squares: Squares

    @property
    def share(self) -> float:
        return float((self.squares > _SEEN).mean())

    @property
    def is_seen(self) -> bool:
        return self.share > MOST

    def picture(self) -> QImage:
        """The squares that are different, the brighter the more."""
        bright = np.where(self.squares > _SEEN, np.clip(self.squares * 2 + 60, 0, 255), 0)
        large = np.kron(bright, np.ones((_SQUARE, _SQUARE))).astype(np.uint8)
        high, wide = large.shape
        return QImage(large.tobytes(), wide, high, wide, QImage.Format.Format_Grayscale8).copy()


def picture_of(window: QWidget) -> QImage:
    """A window as it is stored."""
    seen = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert seen.size() == WINDOW
    small = _medians(_pixels(seen), WINDOW.width() // STORED.width())
    four = np.dstack((small, np.full(small.shape[:2], 255.0))).astype(np.uint8)
    wide, high = STORED.width(), STORED.height()
    return QImage(four.tobytes(), wide, high, 4 * wide, QImage.Format.Format_RGB32).copy()


def stored(name: str) -> QImage:
    """A stored picture, empty where there is none."""
    return QImage(str(FOLDER / f"{name}.png"))


def store(name: str, picture: QImage) -> None:
    """Keeps a picture as the one that is right."""
    FOLDER.mkdir(exist_ok=True)
    assert picture.save(str(FOLDER / f"{name}.png"), quality=0)


def compare(one: QImage, other: QImage) -> Difference:
    """How two pictures differ; everything where one is missing."""
    if one.size() != STORED or other.size() != STORED:
        return Difference(np.full((STORED.height() // _SQUARE, STORED.width() // _SQUARE), 255.0))
    here, there = _pixels(one), _pixels(other)
    shifts = (-_SHIFT, 0, _SHIFT)
    # Another font moves what is below or beside it a little: each square may be there.
    apart = [
        np.abs(
            _medians(here, _SQUARE) - _medians(np.roll(there, (down, right), (0, 1)), _SQUARE)
        ).max(axis=2)
        for down in shifts
        for right in shifts
    ]
    return Difference(np.minimum.reduce(apart))


def _pixels(picture: QImage) -> Squares:
    shape = (picture.height(), picture.width(), 4)
    picture = picture.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(picture.constBits(), np.uint8).reshape(shape)[:, :, :3].astype(np.float64)


def _medians(pixels: Squares, size: int) -> Squares:
    """The median of each colour in squares of this size."""
    high, wide, colours = pixels.shape
    parts = pixels.reshape(high // size, size, wide // size, size, colours)
    medians: Squares = np.median(parts, axis=(1, 3))
    return medians
