"""The workbench of the backend in memory: there is nothing in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from app.domain.errors import NotFound
from app.golden.document import Document
from app.golden.list_luminosity import ListLuminosity
from app.services.golden.explain import Explained, RunExplained
from app.services.golden.lists import ComparedLists, GoldenList
from app.services.golden.losses import ListLosses
from app.services.golden.luminosity import ImportReport
from app.services.golden.reproduce import Changes, Reproduced
from app.views.backend.workbench import Asked, Combined, IsCancelled, Part, Source, Tell


class FakeWorkbench:
    """Finds nothing; whole stories of the workbench run on a database."""

    def explain_lumisection(
        self, asked: Asked, run_number: int, lumisection: int, dataset: str
    ) -> Explained | None:
        return _nothing()

    def explain_run(self, asked: Asked, run_number: int) -> Sequence[RunExplained]:
        return _nothing()

    def runs_of_golden(self, id_: int) -> tuple[int, ...]:
        return ()

    def golden_losses(self, id_: int) -> ListLosses:
        return _nothing()

    def luminosity_of_lumisections(self, document: Document) -> Mapping[int, ListLuminosity]:
        return {}

    def read_golden(self, source: Source) -> GoldenList:
        return _nothing()

    def compare_golden(self, old: Source, new: Source) -> ComparedLists:
        return _nothing()

    def golden_changes(
        self, old: int, new: int | None, tell: Tell, is_cancelled: IsCancelled
    ) -> Changes | None:
        return _nothing()

    def reproduce_golden(
        self, id_: int, tell: Tell, is_cancelled: IsCancelled
    ) -> Reproduced | None:
        return _nothing()

    def combine_golden(
        self, parts: Sequence[Part], first_run: int | None, last_run: int | None
    ) -> Combined:
        return _nothing()

    def import_luminosity(
        self, file: Path, tell: Tell, is_cancelled: IsCancelled, *, dry_run: bool
    ) -> ImportReport | None:
        return _nothing()


def _nothing() -> NoReturn:
    raise NotFound("There is nothing in this backend.")
