"""Draws the structure of the program from its imports: floors, their subjects, arrows between them.

python packaging/draw_house.py           writes docs/images/house.svg
python packaging/draw_house.py --check   exits with 1 when the picture is not that of the code
"""

import sys
from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "house.svg"

FLOORS = (
    ("__main__", "bootstrap"),
    ("views", "cli", "sync", "demo"),
    ("services",),
    ("models", "golden"),
    ("domain",),
)
"""Floors from the roof down, each with its packages; an arrow only ever goes down."""

_WIDTH = 1180
_MARGIN = 24
_GAP = 28
_BETWEEN = 58
_LINE = 17
_HEAD = 30
_ROOM_WIDTH = 158
_STYLE = (
    ".box{fill:#f6f8fa;stroke:#57606a}"
    ".name{font-size:15px;font-weight:600;fill:#1f2328}"
    ".room{font-size:12px;fill:#424a53}"
    ".arrow{stroke:#8c959f;fill:none}"
    ".count{font-size:11px;fill:#57606a}"
)


def rooms_of(graph: grimp.ImportGraph, package: str) -> dict[str, int]:
    """Subjects of a package with their number of modules; its own modules count as themselves."""
    found: Counter[str] = Counter()
    for module in graph.modules:
        parts = module.split(".")
        if len(parts) > 2 and parts[:2] == ["app", package]:
            found[parts[2]] += 1
    return dict(sorted(found.items()))


def arrows_of(graph: grimp.ImportGraph) -> dict[tuple[str, str], int]:
    """How many imports go from one package to another."""
    found: Counter[tuple[str, str]] = Counter()
    known = {name for floor in FLOORS for name in floor}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            here, there = _package(module), _package(imported)
            if here != there and here in known and there in known:
                found[here, there] += 1
    return dict(found)


def draw(graph: grimp.ImportGraph) -> str:
    """The picture as SVG."""
    boxes: dict[str, tuple[float, float, float, float]] = {}
    parts: list[str] = []
    top = float(_MARGIN)
    for floor in FLOORS:
        rooms = {name: rooms_of(graph, name) for name in floor}
        weights = {name: max(len(rooms[name]), 10) for name in floor}
        free = _WIDTH - 2 * _MARGIN - _GAP * (len(floor) - 1)
        widths = {name: free * weights[name] / sum(weights.values()) for name in floor}
        lines = max(_rows(len(rooms[name]), widths[name]) for name in floor)
        height = _HEAD + lines * _LINE + 10
        left = float(_MARGIN)
        for name in floor:
            boxes[name] = (left, top, widths[name], height)
            parts += _box(name, rooms[name], boxes[name])
            left += widths[name] + _GAP
        top += height + _BETWEEN
    parts = [*_arrows(arrows_of(graph), boxes), *parts]
    return "\n".join(
        (
            '<svg xmlns="http://www.w3.org/2000/svg"'
            f' viewBox="0 0 {_WIDTH} {top - _BETWEEN + _MARGIN:.0f}" font-family="sans-serif">',
            f"<style>{_STYLE}</style>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        )
    )


def _package(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def _columns(width: float) -> int:
    return max(int((width - 20) // _ROOM_WIDTH), 1)


def _rows(rooms: int, width: float) -> int:
    return -(-rooms // _columns(width))


def _box(
    name: str, rooms: dict[str, int], place: tuple[float, float, float, float]
) -> Iterator[str]:
    left, top, width, height = place
    yield (
        f'<rect class="box" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}"'
        f' height="{height:.1f}" rx="6"/>'
    )
    yield f'<text class="name" x="{left + 10:.1f}" y="{top + 21:.1f}">{escape(name)}</text>'
    columns = _columns(width)
    for number, (room, modules) in enumerate(rooms.items()):
        x = left + 10 + (number % columns) * _ROOM_WIDTH
        y = top + _HEAD + 12 + (number // columns) * _LINE
        files = f" {modules}" if modules > 1 else ""
        yield f'<text class="room" x="{x:.1f}" y="{y:.1f}">{escape(room)}{files}</text>'


def _arrows(
    arrows: dict[tuple[str, str], int], boxes: dict[str, tuple[float, float, float, float]]
) -> Iterator[str]:
    rank = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    yield (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"'
        ' markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#8c959f"/></marker></defs>'
    )
    for number, ((here, there), count) in enumerate(sorted(arrows.items())):
        if rank[there] - rank[here] != 1:
            continue  # Arrows past a floor would hide it; the contracts name them all.
        left, top, width, height = boxes[here]
        to_left, to_top, to_width, _ = boxes[there]
        start = left + width / 2
        share = (number % 5 + 1) / 6
        end = min(max(start, to_left + 20), to_left + to_width - 20)
        if not left <= end <= left + width:
            end = to_left + to_width * share
        yield (
            f'<path class="arrow" stroke-width="1.5" marker-end="url(#head)"'
            f' d="M{start:.1f} {top + height:.1f}L{end:.1f} {to_top - 2:.1f}"/>'
        )
        x, y = (start + end) / 2 + 6, (top + height + to_top) / 2 + 4
        yield f'<text class="count" x="{x:.1f}" y="{y:.1f}">{count}</text>'


def main(arguments: list[str]) -> int:
    """Writes the picture, or checks that it is up to date."""
    picture = draw(grimp.build_graph("app", cache_dir=None))
    if arguments == ["--check"]:
        if PICTURE.is_file() and PICTURE.read_text(encoding="utf-8") == picture:
            return 0
        sys.stderr.write(f"{PICTURE} is out of date: run python packaging/draw_house.py\n")
        return 1
    PICTURE.write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
