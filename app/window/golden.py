"""Golden JSONs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.domain.configuration.in_force import JsonRule, Kind
from app.domain.configuration.permissions import EXPERTS
from app.domain.json_value import JsonValue, js_stringify
from app.domain.progress import Cancelled, Progress
from app.models.golden.generated_json import JsonEntry
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.golden import bench as golden_bench
from app.services.golden import exports as golden_exports
from app.services.golden import generation as golden
from app.services.golden import lists as golden_lists
from app.services.golden.bench import Bench, Narrowing
from app.services.golden.exports import Planned
from app.services.golden.generation import Wanted
from app.views.backend.golden import (
    ExportRequest,
    GoldenConfiguration,
    GoldenEntry,
    GoldenList,
    GoldenRequest,
    GoldenResult,
    MatchingDatasets,
)
from app.views.backend.news import Step
from app.window.parts import Parts

_LISTED = 50


class GoldenBackend(Parts):
    """Making and listing golden JSONs."""

    def golden_configurations(self) -> Sequence[GoldenConfiguration]:
        saved = [self._configuration(each) for each in golden.rules(self._acting)]
        known = {each.name for each in saved}
        return [
            *(
                GoldenConfiguration(name, configuration.shipped_rule(name), shipped=True)
                for name in configuration.shipped_rule_names()
                if name not in known
            ),
            *saved,
        ]

    def save_configuration(
        self, name: str, rule: JsonValue, replaces: int | None = None
    ) -> GoldenConfiguration:
        # What nothing has was marked in the text while it was written.
        configuration_edits.save_json_rule(self._acting, name, rule, item_id=replaces, insist=True)
        saved = configuration.current(self._acting).json_rule(name.strip())
        return self._configuration(saved)

    def delete_configuration(self, id_: int) -> str:
        configuration_edits.delete_item(self._acting, Kind.JSON_RULE, id_)
        return "Deleted the configuration; lists that were made with it stay."

    def bench(
        self, pattern: str, narrowing: Narrowing, is_cancelled: Callable[[], bool]
    ) -> Bench | None:
        try:
            return golden_bench.bench(
                self._acting, pattern, narrowing, progress=Progress(is_cancelled=is_cancelled)
            )
        except Cancelled:
            return None

    def _configuration(self, saved: JsonRule) -> GoldenConfiguration:
        mine = saved.created_by == self._actor.email
        return GoldenConfiguration(
            saved.name,
            saved.rule.source,
            shipped=False,
            created_by=saved.created_by or "",
            id=saved.id,
            mine=mine,
            may_change=mine or EXPERTS in self._actor.egroups,
        )

    def matching_datasets(self, pattern: str) -> MatchingDatasets:
        found = golden.names_matching(self._acting, pattern)
        return MatchingDatasets(
            tuple(name for name, _ in found), sum(number for _, number in found)
        )

    def generate_golden(
        self,
        request: GoldenRequest,
        progress: Callable[[Step], None],
        is_cancelled: Callable[[], bool],
    ) -> tuple[int, ...] | None:
        several = len(request.rules) > 1
        wanted = [
            Wanted(
                golden_bench.narrowed(rule, request.narrowing),
                _tags(request.tags, name) if several else request.tags,
            )
            for name, rule in request.rules
        ]
        try:
            made = golden.generate_several(
                self._acting,
                request.pattern,
                wanted,
                official=request.official,
                insist=request.insist,
                progress=Progress(partial(_tell_progress, progress), is_cancelled),
            )
        except Cancelled:
            return None
        return tuple(each.id for each in made)

    def golden_list(
        self, which: GoldenList, before: int | None, words: str = ""
    ) -> Sequence[GoldenEntry]:
        mine = which is GoldenList.MINE
        found = golden.entries(
            self._acting,
            created_by=self._actor.email if mine else None,
            official=which is GoldenList.OFFICIAL,
            words=words,
            before=before,
            limit=_LISTED,
        )
        return [_golden_entry(each) for each in found]

    def delete_golden(self, ids: Sequence[int]) -> str:
        golden.delete(self._acting, ids)
        return f"Deleted golden JSON {', '.join(map(str, ids))}."

    def golden_row(self, id_: int) -> GoldenResult:
        stored = golden.row(self._acting, id_)
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
            golden_exports.stem_of(golden_lists.of_row(stored)),
        )

    def export_names(self, request: ExportRequest) -> tuple[Path, ...]:
        return tuple(each.file for each in self._planned(request))

    def export_golden(
        self,
        request: ExportRequest,
        progress: Callable[[Step], None],
        is_cancelled: Callable[[], bool],
    ) -> tuple[Path, ...] | None:
        try:
            return golden_exports.save_all(
                self._acting,
                self._planned(request),
                with_provenance=request.with_provenance,
                progress=Progress(
                    lambda share: progress(Step("Exporting", round(100 * share), 100)), is_cancelled
                ),
            )
        except Cancelled:
            return None

    def _planned(self, request: ExportRequest) -> tuple[Planned, ...]:
        planned = golden_exports.plan(self._acting, request.ids, request.exports, request.folder)
        if not request.name:
            return planned
        (one,) = planned
        return (replace(one, file=request.folder / request.name),)


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


def _tags(tags: str, name: str) -> str:
    """The tags with the rule's name, unless it is among them."""
    return tags if name in tags.split() else f"{tags} {name}".strip()


def _tell_progress(tell: Callable[[Step], None], share: float) -> None:
    tell(Step("Reading the state" if share < 0.6 else "Applying the rule", round(100 * share), 100))
