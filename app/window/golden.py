"""Golden JSONs."""

from collections.abc import Callable, Sequence
from functools import partial

from app.domain.json_value import js_stringify
from app.golden.progress import Cancelled
from app.models.generated_json import JsonEntry
from app.services import configuration, golden
from app.views.backend.golden import (
    GoldenConfiguration,
    GoldenEntry,
    GoldenList,
    GoldenRequest,
    GoldenResult,
    MatchingDatasets,
)
from app.views.backend.news import Progress
from app.window.parts import Parts

_LISTED = 50


class GoldenBackend(Parts):
    """Making and listing golden JSONs."""

    def golden_configurations(self) -> Sequence[GoldenConfiguration]:
        saved = [
            GoldenConfiguration(name, rule.source, shipped=False, created_by=by)
            for name, rule, by in golden.rules(self._db)
        ]
        known = {each.name for each in saved}
        return [
            *(
                GoldenConfiguration(name, configuration.shipped_rule(name), shipped=True)
                for name in configuration.shipped_rule_names()
                if name not in known
            ),
            *saved,
        ]

    def matching_datasets(self, pattern: str) -> MatchingDatasets:
        found = golden.names_matching(self._db, pattern)
        return MatchingDatasets(
            tuple(name for name, _ in found), sum(number for _, number in found)
        )

    def generate_golden(
        self,
        request: GoldenRequest,
        progress: Callable[[Progress], None],
        is_cancelled: Callable[[], bool],
    ) -> int | None:
        try:
            return golden.generate(
                self._db,
                self._actor,
                request.pattern,
                request.rule,
                tags=request.tags,
                official=request.official,
                progress=partial(_tell_progress, progress),
                cancelled=is_cancelled,
            ).id
        except Cancelled:
            return None

    def golden_list(self, which: GoldenList, before: int | None) -> Sequence[GoldenEntry]:
        mine = which is GoldenList.MINE
        found = golden.entries(
            self._db,
            created_by=self._actor.email if mine else None,
            official=which is GoldenList.OFFICIAL,
            before=before,
            limit=_LISTED,
        )
        return [_golden_entry(each) for each in found]

    def golden_row(self, id_: int) -> GoldenResult:
        stored = golden.row(self._db, id_)
        texts = golden.texts(stored)
        return GoldenResult(
            _golden_entry(stored.entry),
            stored.entry.version,
            js_stringify(stored.json_logic),
            texts.golden,
            texts.with_dataset_names,
            texts.anti,
            texts.anti_with_dataset_names,
            stored.luminosity["delivered_luminosity_in_json"],
            stored.luminosity["total_recorded_luminosity"],
            stored.luminosity["total_delivered_luminosity"],
        )


def _golden_entry(entry: JsonEntry) -> GoldenEntry:
    return GoldenEntry(
        entry.id,
        entry.dataset_name_filter,
        entry.created_by,
        entry.created_at,
        entry.official,
        entry.tags,
        entry.runs,
        entry.lumisections,
        entry.recorded_in_json,
    )


def _tell_progress(tell: Callable[[Progress], None], share: float) -> None:
    tell(
        Progress(
            "Reading the state" if share < 0.6 else "Applying the rule", round(100 * share), 100
        )
    )
