"""Histograms of the DQM GUI: their addresses, and what may be taken for a picture of one."""

import struct
from dataclasses import dataclass
from urllib.parse import quote

from app.domain.errors import BadInput
from app.domain.keys import ONLINE, RunNumber

ONLINE_IN_GUI = "/Global/Online/ALL"
"""What the online DQM GUI calls the one dataset of each run."""

MOST_PICTURE_BYTES = 8 << 20
_MOST_PIXELS = 4096
"""Of a side; a few kilobytes of PNG may stand for gigabytes of pixels."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">I4sII")


@dataclass(frozen=True, slots=True)
class Histogram:
    """One histogram of a run; `dataset` is its name in the DQM GUI."""

    run_number: RunNumber
    dataset: str
    path: str

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def is_online(self) -> bool:
        """Whether the online DQM GUI has it, where it may grow still."""
        return self.dataset == ONLINE_IN_GUI


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Pixels that a picture is asked for in."""

    width: int = 640
    height: int = 400


def names_in_gui(dataset: str, in_gui: tuple[str, ...]) -> tuple[str, ...]:
    """The names in the DQM GUI of one of our datasets, of which it has `in_gui` by now."""
    return (ONLINE_IN_GUI,) if dataset == ONLINE else in_gui


def gui_address(base: str, histogram: Histogram) -> str:
    """The DQM GUI that has a histogram; the online one is next to the offline one of `base`."""
    return f"{base.removesuffix('/offline')}/online" if histogram.is_online else base


def picture_address(base: str, histogram: Histogram, size: PictureSize) -> str:
    """Where the DQM GUI at `base` draws a histogram as PNG."""
    place = quote(f"{histogram.run_number}{histogram.dataset}/{histogram.path}")
    return (
        f"{gui_address(base, histogram)}/plotfairy/archive/{place}?w={size.width};h={size.height}"
    )


def page_address(base: str, histogram: Histogram) -> str:
    """The page that shows a histogram to people, the same for everybody and as long as the DQM GUI
    has the run."""
    folder = quote(histogram.path.rpartition("/")[0], safe="/")
    kind = "online_data" if histogram.is_online else "offline_data"
    return (
        f"{gui_address(base, histogram)}/start?runnr={histogram.run_number}"
        f";dataset={quote(histogram.dataset)};sampletype={kind};workspace=Everything"
        f";root={folder};focus={quote(histogram.path)};zoom=yes"
    )


def check_picture(content: bytes) -> bytes:
    """The content of a PNG that may be unpacked. Raises BadInput for everything else."""
    if not content.startswith(_SIGNATURE) or len(content) < len(_SIGNATURE) + _HEADER.size:
        kind = "a web page" if content.lstrip()[:1] == b"<" else "no PNG"
        raise BadInput(f"it is {kind}, beginning with {ascii(content[:24])[2:-1]}")
    length, name, width, height = _HEADER.unpack_from(content, len(_SIGNATURE))
    if name != b"IHDR" or length != 13 or not width or not height:
        raise BadInput("it is a PNG without a size")
    if max(width, height) > _MOST_PIXELS:
        raise BadInput(f"it is {width} x {height} pixels large, more than {_MOST_PIXELS} on a side")
    return content
