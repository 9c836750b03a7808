"""Which histograms belong to a dataset, by layouts that are shipped or the person's own."""

from collections.abc import Sequence
from pathlib import Path

from app import assets, files
from app.domain.errors import Refused
from app.domain.keys import ONLINE
from app.domain.sources.histograms import Histogram, names_in_gui
from app.domain.sources.layouts import Layout, merged, of_workspace, read_layouts
from app.domain.text.names import not_found
from app.services.acting import Acting
from app.services.certification import tables
from app.services.configuration.in_force import current


def known_layouts(own: Path | None) -> tuple[Layout, ...]:
    """All layouts; a file of one's own replaces those of the workspaces that it has. BadInput
    where that can't be read."""
    file = assets.path("evidence/layouts.json")
    shipped = read_layouts(files.read_json(file), file.name)
    if own is None:
        return shipped
    what = "The file of layouts"
    return merged(read_layouts(files.read_json(own, what), f"{what} {own}"), shipped)


def names_of(acting: Acting, run_number: int, dataset: str) -> tuple[str, ...]:
    """The names of a dataset in the DQM GUI; none while it isn't there. Raises NotFound."""
    if dataset == ONLINE:
        return names_in_gui(dataset, ())
    details = tables.dataset_details(acting, run_number, dataset)
    return names_in_gui(dataset, details.row.datasets_in_gui)


def histograms_of(
    acting: Acting,
    layouts: Sequence[Layout],
    run_number: int,
    dataset: str,
    workspace: str,
    layout: str | None = None,
) -> tuple[Histogram, ...]:
    """The histograms of a dataset that a workspace looks at, of one layout or of all. Refused
    where the DQM GUI doesn't have the dataset, NotFound for an unknown workspace or layout."""
    known = {each.name for each in current(acting).workspaces}
    if workspace not in known | {each.workspace for each in layouts}:
        raise not_found(f"There is no workspace {workspace}", workspace, sorted(known))
    found = of_workspace(layouts, workspace)
    if layout is not None:
        named = tuple(each for each in found if each.name == layout)
        if not named:
            where = found[0].workspace if found else workspace
            raise not_found(
                f"{where} has no layout {layout}", layout, [each.name for each in found]
            )
        found = named
    names = names_of(acting, run_number, dataset)
    if not names:
        raise Refused(f"{dataset} of run {run_number} is not in the DQM GUI yet.")
    paths = dict.fromkeys(path for each in found for path in each.histograms)
    return tuple(Histogram(run_number, name, path) for name in names for path in paths)
