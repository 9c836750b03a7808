"""Layouts: which histograms of the DQM GUI are looked at together, for each workspace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.errors import BadInput
from app.domain.json_value import JsonValue

ANY_WORKSPACE = "global"
"""Its layouts are for every workspace that has none."""

_MOST_HISTOGRAMS = 60
_LONGEST_PATH = 400


@dataclass(frozen=True, slots=True)
class Layout:
    """Histograms by their paths in the DQM GUI, such as `CSC/EventInfo/reportSummaryMap`."""

    workspace: str
    name: str
    histograms: tuple[str, ...]


def read_layouts(document: JsonValue, what: str) -> tuple[Layout, ...]:
    """The layouts of a document `{workspace: {name: [path, ...]}}`. BadInput, which calls the
    document `what`, where it is something else."""
    if not isinstance(document, dict):
        raise BadInput(
            f'{what} has no layouts: it looks like {{"dt": {{"Segments": ["DT/..."]}}}}.'
        )
    found = []
    for workspace, named in document.items():
        if not isinstance(named, dict):
            raise BadInput(f"{what}: {workspace[:60]!a} must hold layouts by their names.")
        for name, paths in named.items():
            where = f"{what}: the layout {name[:60]!a} of {workspace[:60]!a}"
            if not isinstance(paths, list) or not paths:
                raise BadInput(f"{where} must be a list of paths of histograms.")
            if len(paths) > _MOST_HISTOGRAMS:
                raise BadInput(f"{where} has more than {_MOST_HISTOGRAMS} histograms.")
            found.append(Layout(workspace, name, tuple(_path(path, where) for path in paths)))
    return tuple(found)


def _path(path: JsonValue, where: str) -> str:
    if not isinstance(path, str) or not path.strip("/ ") or len(path) > _LONGEST_PATH:
        raise BadInput(f"{where} holds what is no path of a histogram: {str(path)[:60]!a}.")
    if not path.isprintable() or ".." in path.split("/"):
        raise BadInput(f"{where} holds a path that can't be asked for: {path[:60]!a}.")
    return path.strip("/")


def merged(own: Iterable[Layout], shipped: Iterable[Layout]) -> tuple[Layout, ...]:
    """The person's layouts; of the workspaces that these leave out those that are shipped."""
    own = tuple(own)
    workspaces = {layout.workspace for layout in own}
    return (*own, *(layout for layout in shipped if layout.workspace not in workspaces))


def of_workspace(layouts: Sequence[Layout], workspace: str) -> tuple[Layout, ...]:
    """The layouts of a workspace, else those for any."""
    found = tuple(layout for layout in layouts if layout.workspace == workspace)
    if found or workspace == ANY_WORKSPACE:
        return found
    return of_workspace(layouts, ANY_WORKSPACE)


def workspace_of(column: str) -> str:
    """The workspace of a column, such as `dt` of `dt-dt`; empty for what is no column."""
    return column.partition("-")[0] if "-" in column else ""
