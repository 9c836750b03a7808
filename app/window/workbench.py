"""The golden JSON workbench."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from app.domain.progress import Cancelled, Progress
from app.golden import document as documents
from app.golden.document import Document
from app.golden.list_luminosity import ListLuminosity, luminosity_by_run, together
from app.services.golden import explain as golden_explain
from app.services.golden import lists as golden_lists
from app.services.golden import losses as golden_losses
from app.services.golden import luminosity
from app.services.golden import reproduce as golden_reproduce
from app.services.golden.explain import Explained, Question, RunExplained
from app.services.golden.lists import ComparedLists, GoldenList
from app.services.golden.losses import ListLosses
from app.services.golden.luminosity import ImportReport
from app.services.golden.reproduce import Changes, Reproduced
from app.views.backend.workbench import Asked, Combined, IsCancelled, ListAsked, Part, Source, Tell
from app.window.parts import Parts


class WorkbenchBackend(Parts):
    """Explaining, comparing, reproducing and combining lists; importing luminosity."""

    _questions: Mapping[int, Question] = MappingProxyType({})

    def explain_lumisection(
        self, asked: Asked, run_number: int, lumisection: int, dataset: str
    ) -> Explained | None:
        found = golden_explain.explain_lumisection(
            self._acting, self._question(asked), run_number, lumisection, only=dataset
        )
        return found[0] if found else None

    def explain_run(self, asked: Asked, run_number: int) -> Sequence[RunExplained]:
        return golden_explain.explain_run(self._acting, self._question(asked), run_number)

    def runs_of_golden(self, id_: int) -> tuple[int, ...]:
        return golden_lists.runs_made_from(self._acting, id_)

    def golden_losses(self, id_: int) -> ListLosses:
        return golden_losses.losses_of_list(self._acting, id_)

    def luminosity_of_lumisections(self, document: Document) -> Mapping[int, ListLuminosity]:
        return luminosity_by_run(document, golden_lists.luminosity_of_runs(self._acting, document))

    def read_golden(self, source: Source) -> GoldenList:
        if isinstance(source, Path):
            return golden_lists.of_file(source)
        return golden_lists.of_database(self._acting, source)

    def compare_golden(self, old: Source, new: Source) -> ComparedLists:
        return golden_lists.compare(self.read_golden(old), self.read_golden(new), self._db)

    def golden_changes(
        self, old: int, new: int | None, tell: Tell, is_cancelled: IsCancelled
    ) -> Changes | None:
        progress = Progress(tell, is_cancelled)
        try:
            if new is None:
                return golden_reproduce.changes_since(self._acting, old, progress)
            return golden_reproduce.changes_between(self._acting, old, new, progress)
        except Cancelled:
            return None

    def reproduce_golden(
        self, id_: int, tell: Tell, is_cancelled: IsCancelled
    ) -> Reproduced | None:
        try:
            return golden_reproduce.reproduce(
                self._acting, id_, progress=Progress(tell, is_cancelled)
            )
        except Cancelled:
            return None

    def combine_golden(
        self, parts: Sequence[Part], first_run: int | None, last_run: int | None
    ) -> Combined:
        lists = [self.read_golden(part.source) for part in parts]
        combined = golden_lists.combine(
            lists[0].document,
            [
                (part.operation, each.document)
                for part, each in zip(parts[1:], lists[1:], strict=True)
            ],
        )
        document = documents.clip(combined, first_run, last_run)
        by_run = self.luminosity_of_lumisections(document)
        return Combined(
            document,
            by_run,
            together(by_run.values()),
            tuple(f"{each.name}: {remark}" for each in lists for remark in each.remarks),
        )

    def import_luminosity(
        self, file: Path, tell: Tell, is_cancelled: IsCancelled, *, dry_run: bool
    ) -> ImportReport | None:
        try:
            return luminosity.import_brilcalc(
                self._acting,
                file,
                dry_run=dry_run,
                progress=Progress(tell, is_cancelled),
            )
        except Cancelled:
            return None

    def _question(self, asked: Asked) -> Question:
        if isinstance(asked, ListAsked):
            # What a list was made from never changes, and is asked for with every lumisection.
            known = self._questions.get(asked.id)
            if known is None:
                known = golden_explain.question_of(self._acting, asked.id)
                self._questions = {asked.id: known}
            return known
        return golden_explain.question(asked.rule, asked.pattern)
