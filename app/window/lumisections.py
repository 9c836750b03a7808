"""The lumisections of one dataset: reading."""

from app.services.history import look as history
from app.views.backend.lumisections import DatasetLumisections, Origin
from app.window.parts import Parts


class LumisectionsBackend(Parts):
    """Reading lumisections."""

    def lumisections(self, run_number: int, dataset: str) -> DatasetLumisections:
        found = history.look(self._acting, run_number, dataset)
        return DatasetLumisections(found.state, found.by_hand, found.seen)

    def origin(self, run_number: int, dataset: str, key: str, lumisection: int) -> Origin | None:
        found = history.origin(self._acting, run_number, dataset, key, lumisection)
        if found is None:
            return None
        return Origin(found.action.author, found.action.at, found.action.comment)
