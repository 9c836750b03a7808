"""Runs and their datasets: reading and acting on them."""

from collections.abc import Sequence

from app.domain.json_value import JsonValue, js_stringify
from app.domain.keys import ONLINE
from app.domain.sources.oms import OmsRun
from app.services.certification import datasets, growth, runs, tables
from app.services.configuration import in_force as configuration
from app.views.backend.runs import RunDetails
from app.window.parts import Parts


class RunsBackend(Parts):
    """Reading and acting on runs and datasets."""

    def run_details(self, run_number: int) -> RunDetails:
        found = tables.run_details(self._acting, run_number)
        shown = [each for each in found.datasets if not each.deleted]
        shown.sort(key=lambda each: (each.name != ONLINE, each.name))
        return RunDetails(
            run_number,
            found.row.oms_attributes,
            found.row.rr_attributes,
            tuple(each.name for each in shown),
            {each.name: each.dataset_attributes for each in shown},
        )

    def classes(self) -> Sequence[str]:
        current = configuration.current(self._acting)
        return sorted({each.class_ for each in current.class_classifiers})

    def mark_significant(self, run_number: int) -> str:
        outcome = runs.mark_significant(self._acting, run_number, self._answer_of_oms(run_number))
        return f"Marked run {run_number} significant. {outcome.text}"

    def edit_run(self, run_number: int, attribute: str, value: JsonValue) -> str:
        changed = runs.edit_attribute(self._acting, run_number, attribute, value)
        shown = value if isinstance(value, str) else js_stringify(value)
        if not changed:
            return f"{attribute} of run {run_number} is {shown} by hand already."
        return f"Set {attribute} of run {run_number} to {shown}."

    def settle_manual_update(self, run_number: int) -> str:
        if runs.settle_manual_update(self._acting, run_number):
            return f"Run {run_number}: what OMS changed is dealt with."
        return f"Run {run_number} needs no manual update."

    def take_in(self, run_number: int) -> str:
        answer = self._answer_of_oms(run_number)
        taken = growth.take_in(self._acting, run_number, answer)
        return taken.text + _from_where(answer)

    def refresh(self, run_number: int) -> str:
        return self._refresh(run_number, reset=False)

    def reset_and_refresh(self, run_number: int) -> str:
        return self._refresh(run_number, reset=True)

    def _refresh(self, run_number: int, *, reset: bool) -> str:
        answer = self._answer_of_oms(run_number)
        outcome = runs.refresh(self._acting, run_number, answer, reset=reset)
        return outcome.text + _from_where(answer)

    def move_run(self, run_number: int, from_state: str, to_state: str) -> str:
        return runs.move(self._acting, run_number, to_state, from_state=from_state).text

    def move_datasets(
        self,
        keys: Sequence[tuple[int, str]],
        workspace: str,
        from_state: str | None,
        to_state: str,
    ) -> str:
        return datasets.move(self._acting, keys, workspace, to_state, from_state=from_state).text


def _from_where(answer: OmsRun | None) -> str:
    return "" if answer is not None else " From what is recorded: OMS can't be asked now."
