"""The lumisections of one dataset: reading and editing."""

from app.domain.edits import BitEdit, ColumnEdit
from app.services import history, lumisections
from app.views.backend.lumisections import DatasetLumisections, Origin
from app.window.parts import Parts


class LumisectionsBackend(Parts):
    """Reading and editing lumisections."""

    def lumisections(self, run_number: int, dataset: str) -> DatasetLumisections:
        found = history.look(self._db, run_number, dataset)
        return DatasetLumisections(found.state, found.by_hand, found.seen)

    def origin(self, run_number: int, dataset: str, key: str, lumisection: int) -> Origin | None:
        found = history.origin(self._db, run_number, dataset, key, lumisection)
        if found is None:
            return None
        return Origin(found.action.author, found.action.at, found.action.comment)

    def edit_lumisections(self, edit: ColumnEdit) -> str:
        return lumisections.edit_columns(self._db, self._actor, [edit]).text

    def edit_dcs_bit(self, edit: BitEdit, comment: str) -> str:
        return lumisections.edit_bits(self._db, self._actor, [edit], comment=comment).text
