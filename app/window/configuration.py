"""The configuration: edited, compared, tried on runs, applied to them."""

from collections.abc import Sequence

from app.domain.configuration.in_force import Configuration, Kind
from app.domain.configuration.items import routes_of
from app.domain.configuration.rights import RightLine, matrix
from app.domain.configuration.versions import ListHistory
from app.domain.json_value import JsonObject
from app.domain.progress import Cancelled, Progress
from app.services.classifying import reclassify, trials, why
from app.services.classifying.reclassify import Reclassified, RunPlan
from app.services.classifying.trials import Draft, Tried
from app.services.classifying.why import Why
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.configuration import versions as configuration_versions
from app.services.configuration import workspaces
from app.services.configuration.versions import InForce, Restoration
from app.views.backend.configuration import CLASS, SIGNIFICANCE, IsCancelled, Tell, WhyAsked
from app.window.parts import Parts


class ConfigurationBackend(Parts):
    """Everything about the versioned configuration."""

    def configuration(self) -> Configuration:
        return configuration.current(self._acting)

    def configuration_list(self, kind: Kind) -> ListHistory:
        return configuration_versions.versions(self._acting, kind)

    def save_item(
        self, kind: Kind, item_id: int | None, values: JsonObject, *, insist: bool
    ) -> int:
        if item_id is None:
            return configuration_edits.add_item(self._acting, kind, values, insist=insist)
        return configuration_edits.edit_item(self._acting, kind, item_id, values, insist=insist)

    def delete_item(self, kind: Kind, item_id: int) -> None:
        configuration_edits.delete_item(self._acting, kind, item_id)

    def in_force_at(self, kind: Kind, version: int) -> InForce:
        found = configuration_versions.in_force_at_event(self._acting, version)
        return next(each for each in found.lists if each.kind is kind)

    def preview_restoration(self, kind: Kind, settings_id: int) -> Restoration:
        return configuration_versions.preview_restoration(self._acting, kind, settings_id)

    def restore_list(self, kind: Kind, settings_id: int, *, seen: int, without_faulty: bool) -> int:
        return configuration_versions.restore(
            self._acting, kind, settings_id, seen=seen, without_faulty=without_faulty
        )

    def try_draft(
        self,
        draft: Draft,
        run_numbers: Sequence[int] | None,
        last: int,
        tell: Tell,
        is_cancelled: IsCancelled,
    ) -> Tried | None:
        try:
            return trials.try_draft(
                self._acting, draft, run_numbers, last=last, progress=Progress(tell, is_cancelled)
            )
        except Cancelled:
            return None

    def why(self, asked: WhyAsked) -> Why:
        if asked.subject == CLASS:
            return why.why_class(self._acting, asked.run_number, asked.draft)
        if asked.subject == SIGNIFICANCE:
            return why.why_significant(self._acting, asked.run_number, asked.draft)
        return why.why_column(
            self._acting,
            asked.run_number,
            asked.dataset,
            asked.subject,
            asked.lumisection,
            asked.draft,
        )

    def open_runs(self) -> tuple[int, ...]:
        return reclassify.open_runs(self._acting)

    def preview_reclassification(
        self, run_numbers: Sequence[int], tell: Tell, is_cancelled: IsCancelled
    ) -> tuple[RunPlan, ...] | None:
        try:
            return reclassify.preview(self._acting, run_numbers, Progress(tell, is_cancelled))
        except Cancelled:
            return None

    def reclassify(
        self, run_numbers: Sequence[int], tell: Tell, is_cancelled: IsCancelled
    ) -> Reclassified | None:
        try:
            return reclassify.apply(self._acting, run_numbers, Progress(tell, is_cancelled))
        except Cancelled:
            return None

    def rights_with(self, item_id: int | None, values: JsonObject | None) -> tuple[RightLine, ...]:
        history = configuration_versions.versions(self._acting, Kind.PERMISSION)
        others = [
            history.items[each].values for each in history.versions[-1].items if each != item_id
        ]
        rows = [
            (str(each["egroup"]), routes_of(each))
            for each in (others if values is None else [*others, values])
        ]
        return matrix(configuration.current(self._acting), rows)

    def add_workspace(self, name: str, *, online: bool) -> None:
        workspaces.add_workspace(self._acting, name, online=online)

    def add_column(self, column: str, *, online: bool) -> None:
        workspaces.add_column(self._acting, column, online=online)

    def retire_workspace(self, name: str, *, online: bool) -> None:
        workspaces.retire_workspace(self._acting, name, online=online)

    def retire_column(self, column: str, *, online: bool) -> None:
        workspaces.retire_column(self._acting, column, online=online)
