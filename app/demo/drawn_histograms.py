"""Invented histograms as PNG: always the same for the same run, dataset and path."""

import re
import struct
import zlib
from random import Random

import numpy as np
from numpy.typing import NDArray

from app.domain.sources.histograms import Histogram, PictureSize

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float64]

_WHITE, _INK, _FAINT, _LINE, _FILL = range(5)
_RAMP, _STEPS = 16, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 34, 26
_BIT = 2  # pixels of a bit of a letter
_MAPS = ("map", "occ", "summary", "etaphi", "vsphi", "status", "bits", "perch")
_TRENDS = ("lumiblock", "vsls", "_ls", "trend")

# Each digit is a row of three bits.
_LETTERS = {
    written[0]: written[2:]
    for written in re.findall(
        r"\S+",
        """
        A=25755 B=65656 C=34443 D=65556 E=74647 F=74644 G=34553 H=55755 I=72227 J=11152 K=55655
        L=44447 M=57755 N=75555 O=25552 P=65644 Q=25563 R=65655 S=34216 T=72222 U=55557 V=55552
        W=55775 X=55255 Y=55222 Z=71247 0=75557 1=26227 2=71747 3=71717 4=55711 5=74717 6=74757
        7=71111 8=75757 9=75717 -=00700 _=00007 .=00002 /=11244 +=02720 :=02020
        """,
    )
}


def draw(histogram: Histogram, size: PictureSize) -> bytes:
    """The histogram as PNG of that size, at least 120 x 90 pixels."""
    width, height = max(size.width, 120), max(size.height, 90)
    pixels = np.zeros((height, width), np.uint8)
    # The shape belongs to the histogram; what differs from run to run is small.
    shape = Random(histogram.path)
    chance = Random(f"{histogram.run_number} {histogram.dataset} {histogram.path}")
    inside = pixels[_TOP : height - _BOTTOM, _LEFT : width - _RIGHT]
    name = histogram.name.lower()
    if any(word in name for word in _TRENDS):
        _draw_steps(inside, _trend(shape, chance))
    elif any(word in name for word in _MAPS):
        _draw_map(inside, shape, chance)
    else:
        _draw_steps(inside, _spectrum(shape, chance), filled=True)
    _draw_frame(pixels)
    _write(pixels, _LEFT, 6, histogram.name[: (width - _LEFT) // (4 * _BIT)])
    _write(pixels, _LEFT, 20, f"run {histogram.run_number}")
    return _png(pixels)


def _spectrum(shape: Random, chance: Random) -> Numbers:
    x = np.linspace(0.0, 1.0, 64)
    if shape.random() < 0.4:
        curve = np.exp(-x * shape.uniform(3.0, 7.0))
    else:
        middle, width = shape.uniform(0.3, 0.6), shape.uniform(0.05, 0.16)
        curve = np.exp(-0.5 * ((x - middle) / width) ** 2)
    noise = np.array([chance.gauss(1.0, 0.05) for _ in x])
    found: Numbers = np.clip(curve * noise, 0.0, None)
    return found


def _trend(shape: Random, chance: Random) -> Numbers:
    level = shape.uniform(0.55, 0.8)
    values = np.array([chance.gauss(level, 0.025) for _ in range(160)])
    values *= np.linspace(1.0, 0.8, values.size)
    if chance.random() < 0.3:  # something tripped for a while
        begin = chance.randrange(20, 130)
        values[begin : begin + chance.randrange(4, 14)] *= 0.2
    found: Numbers = np.clip(values, 0.0, 1.0)
    return found


def _draw_steps(inside: Pixels, values: Numbers, *, filled: bool = False) -> None:
    height, width = inside.shape
    bins = np.minimum(np.arange(width) * values.size // width, values.size - 1)
    highest = max(float(values.max()), 1e-9) * 1.12
    tops = (height - 1 - values[bins] / highest * (height - 2)).astype(int)
    before = tops[0]
    for column, top in enumerate(tops.tolist()):
        if filled:
            inside[top:, column] = _FILL
        first, last = sorted((before, top))
        inside[first : last + 2, column] = _LINE
        before = top


def _draw_map(inside: Pixels, shape: Random, chance: Random) -> None:
    columns, rows = shape.choice(((24, 18), (36, 20), (16, 12)))
    cells = np.array([[chance.gauss(0.75, 0.07) for _ in range(columns)] for _ in range(rows)])
    cells *= np.linspace(0.85, 1.0, rows)[:, None]
    for _ in range(chance.randrange(0, 4)):  # modules that were off
        row, column = chance.randrange(rows), chance.randrange(columns)
        cells[row : row + chance.randrange(1, 3), column : column + chance.randrange(1, 4)] = 0.0
    height, width = inside.shape
    which = np.ix_(np.arange(height) * rows // height, np.arange(width) * columns // width)
    steps = _RAMP + np.clip(cells * (_STEPS - 1), 0, _STEPS - 1).astype(np.uint8)
    inside[:] = np.where(cells > 0.0, steps, _WHITE)[which]


def _draw_frame(pixels: Pixels) -> None:
    height, width = pixels.shape
    bottom, right = height - _BOTTOM, width - _RIGHT
    for tick in range(1, 5):
        x = _LEFT + (right - _LEFT) * tick // 5
        y = bottom - (bottom - _TOP) * tick // 5
        pixels[bottom : bottom + 5, x] = _INK
        pixels[y, _LEFT - 5 : _LEFT] = _INK
        _write(pixels, x - 8, bottom + 9, str(tick * 20))
        _write(pixels, _LEFT - 30, y - 5, f".{tick * 2}")
    pixels[_TOP, _LEFT:right] = pixels[bottom, _LEFT:right] = _INK
    pixels[_TOP : bottom + 1, _LEFT] = pixels[_TOP : bottom + 1, right] = _INK


def _write(pixels: Pixels, left: int, top: int, text: str) -> None:
    for letter in text.upper():
        for row, bits in enumerate(_LETTERS.get(letter, "00000")):
            for column in range(3):
                if int(bits) & (4 >> column):
                    y, x = top + row * _BIT, left + column * _BIT
                    pixels[y : y + _BIT, x : x + _BIT] = _INK
        left += 4 * _BIT


def _palette() -> bytes:
    colours = np.full((256, 3), 255, np.uint8)
    colours[_INK], colours[_FAINT] = (40, 40, 40), (200, 200, 200)
    colours[_LINE], colours[_FILL] = (40, 70, 160), (205, 216, 242)
    along = np.linspace(0.0, 1.0, _STEPS)
    corners = ((68, 1, 84), (49, 104, 142), (53, 183, 121), (253, 231, 37))
    for part in range(3):
        values = [corner[part] for corner in corners]
        colours[_RAMP : _RAMP + _STEPS, part] = np.interp(along, np.linspace(0, 1, 4), values)
    return colours.tobytes()


def _png(pixels: Pixels) -> bytes:
    height, width = pixels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", _palette()), (b"IDAT", zlib.compress(lines)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data) for kind, data in (*chunks, (b"IEND", b""))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
