"""The DQM GUI: its puller, and the datasets that are accepted from it."""

from collections.abc import Callable, Sequence

from app.domain.configuration.in_force import DatasetAccepted, Kind
from app.domain.errors import Refused, Unavailable
from app.domain.json_value import JsonObject
from app.domain.sources.dqm_gui import ExpressionMatches, GuiListing, GuiStatus, expression_matches
from app.domain.sources.pull import PullState
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.pulling.dqm_gui import GuiStore
from app.sync.dqm_gui import GuiLoop
from app.window.parts import Parts


class DqmGuiBackend(Parts):
    """What is pulled from the DQM GUI, and what of it belongs to which dataset."""

    _gui_puller: GuiLoop | None = None
    _gui_store: GuiStore | None = None
    _read_gui: Callable[[], GuiListing] | None = None

    def use_gui(
        self, puller: GuiLoop, store: GuiStore, read: Callable[[], GuiListing] | None = None
    ) -> None:
        """The puller of the DQM GUI, where it keeps what it found, and how to read it where
        another client pulls."""
        self._gui_puller, self._gui_store, self._read_gui = puller, store, read

    def gui_status(self) -> GuiStatus:
        return GuiStatus() if self._gui_puller is None else self._gui_puller.status

    def gui_pull_now(self) -> str:
        if self._gui_puller is None or self._gui_puller.status.state is PullState.OFF:
            raise Refused("Pulling the DQM GUI is switched off in the settings.")
        if self._gui_puller.status.state is PullState.STANDBY:
            return f"{self._gui_puller.status.puller or 'Another client'} pulls the DQM GUI."
        self._gui_puller.wake()
        return "Asking the DQM GUI."

    def try_expressions(
        self, regexp: str, run_from: int | None, run_to: int | None
    ) -> Sequence[ExpressionMatches]:
        return expression_matches(regexp, self._listing(), run_from, run_to)

    def _listing(self) -> GuiListing:
        store = self._gui_store
        if store is None:
            raise Refused("This client doesn't ask the DQM GUI.")
        try:
            return store.latest
        except Unavailable as error:
            if self._read_gui is None:
                raise Refused(str(error)) from error
        try:
            store.keep(self._read_gui())
        except Unavailable as error:
            # Nothing of the database is concerned, and nobody waits for it to come back.
            raise Refused(str(error)) from error
        return store.latest

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
