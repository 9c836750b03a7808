"""Offline datasets: what is chosen of a table, tools over many of them, web pages."""

from collections.abc import Mapping, Sequence

from app.domain.certification.dataset_tools import Applied, Preview, Tool
from app.domain.certification.datasets import state_key
from app.domain.keys import DatasetKey
from app.domain.progress import Cancelled, Progress
from app.services.certification import tables
from app.services.editing import dataset_tools
from app.views.backend.datasets import Asked, Chosen, Share, WebAddresses
from app.window.parts import Parts
from app.window.tables import query_of

_NOWHERE = WebAddresses("", "", "")


class DatasetsBackend(Parts):
    """Many datasets at once."""

    _web_addresses = _NOWHERE

    def use_web_addresses(self, addresses: WebAddresses) -> None:
        """Where the web pages are."""
        self._web_addresses = addresses

    def web_addresses(self) -> WebAddresses:
        return self._web_addresses

    def chosen_keys(self, chosen: Chosen) -> tuple[DatasetKey, ...]:
        if not (chosen.everything or chosen.places):
            return chosen.keys
        shown = tables.matching(self._acting, query_of(chosen.request))
        if chosen.everything:
            return shown
        more = (shown[place] for place in chosen.places if place < len(shown))
        return tuple(dict.fromkeys((*chosen.keys, *more)))

    def dataset_states(
        self, keys: Sequence[DatasetKey], workspace: str
    ) -> Mapping[DatasetKey, str]:
        key = state_key(workspace)
        return {
            row.key: str(row.dataset_attributes.get(key) or "")
            for row in tables.rows(self._acting, "datasets", keys)
        }

    def names_in_gui(self, run_number: int, name: str) -> Sequence[str]:
        return tables.dataset_details(self._acting, run_number, name).row.datasets_in_gui

    def preview_tool(self, tool: Tool, share: Share, is_cancelled: Asked) -> Preview | None:
        try:
            return dataset_tools.preview(self._acting, tool, progress=Progress(share, is_cancelled))
        except Cancelled:
            return None

    def apply_tool(
        self, tool: Tool, reason: str, share: Share, is_cancelled: Asked
    ) -> Applied | None:
        try:
            return dataset_tools.apply(
                self._acting,
                tool,
                reason=reason,
                progress=Progress(share, is_cancelled),
            )
        except Cancelled:
            return None

    def datasets_csv(
        self, keys: Sequence[DatasetKey], columns: Sequence[str], share: Share, is_cancelled: Asked
    ) -> str | None:
        try:
            return dataset_tools.csv_text(
                self._acting, keys, columns, progress=Progress(share, is_cancelled)
            )
        except Cancelled:
            return None
