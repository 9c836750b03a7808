"""The DQM GUI: its puller, and the datasets that are accepted from it."""

from collections.abc import Sequence

from app.domain.configuration.in_force import DatasetAccepted, Kind
from app.domain.json_value import JsonObject
from app.domain.sources.dqm_gui import ExpressionMatches, expression_matches
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.pulling.pullers import Pullers, latest_listing
from app.window.parts import Parts


class DqmGuiBackend(Parts):
    """What is pulled from the DQM GUI, and what of it belongs to which dataset."""

    pullers = Pullers()

    def try_expressions(
        self, regexp: str, run_from: int | None, run_to: int | None
    ) -> Sequence[ExpressionMatches]:
        return expression_matches(regexp, latest_listing(self.pullers), run_from, run_to)

    def datasets_accepted(self) -> Sequence[DatasetAccepted]:
        known = configuration.current(self._acting).datasets_accepted
        return sorted(known, key=lambda each: (not each.enabled, each.class_, each.name, each.id))

    def save_dataset_accepted(self, item_id: int | None, values: JsonObject) -> int:
        kind = Kind.DATASETS_ACCEPTED
        if item_id is None:
            return configuration_edits.add_item(self._acting, kind, values)
        return configuration_edits.edit_item(self._acting, kind, item_id, values)

    def delete_dataset_accepted(self, item_id: int) -> None:
        configuration_edits.delete_item(self._acting, Kind.DATASETS_ACCEPTED, item_id)
