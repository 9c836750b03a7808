"""Offline datasets: what is chosen of a table, tools over many of them, web pages."""

from collections.abc import Sequence

from app.domain.certification.dataset_tools import Applied, Preview, Tool
from app.domain.keys import DatasetKey
from app.domain.progress import Cancelled, Progress
from app.services.certification import tables
from app.services.editing import dataset_tools
from app.views.backend.datasets import Asked, Share
from app.window.parts import Parts


class DatasetsBackend(Parts):
    """Many datasets at once."""

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
