"""Bringing in what the DQM GUI has: links, and the datasets that open because they appeared."""

from app.domain.certification.datasets import OPEN
from app.domain.certification.second_eyes import frozen_text
from app.domain.errors import Unavailable
from app.domain.identity import auto_author
from app.domain.sources import dqm_gui
from app.domain.sources.dqm_gui import (
    Appeared,
    ExpressionMatches,
    GuiListing,
    GuiOutcome,
    GuiStatus,
    Matcher,
)
from app.domain.sources.pull import PullerReport
from app.models.database.engine import Database
from app.models.events import rows
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange
from app.models.pulling import dqm_gui as model
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.pulling.reports import Reports

SOURCE = "dqm gui"
COMMENT = "new dataset appeared pinging gui"


def apply(acting: Acting, listing: GuiListing) -> GuiOutcome:
    """Links datasets to what the GUI has of them, and decides for those that waited, as one
    version for all; none when nothing is new."""
    acting.check_automatic()
    configuration = configurations.current(acting)
    matcher = Matcher(configuration.datasets_accepted)
    problems = [*listing.problems, *matcher.problems]
    with acting.db.read() as connection:
        new = {
            (run_number, name)
            for run_number, name, known in model.known_in_gui(connection, listing.by_run.keys())
            if matcher.new_in_gui(run_number, name, known, listing)
        }
    if not new:
        return GuiOutcome(None, (), 0, tuple(problems))
    of_workspace = dqm_gui.verdicts(configuration)
    numbers = {run_number for run_number, _ in new}
    with begin(acting.db, numbers) as action:
        runs = rows.run_states(action.connection, numbers)
        datasets = rows.datasets_of_runs(action.connection, numbers)
        appeared: list[Appeared] = []
        changes: list[DatasetChange] = []
        undecided: set[str] = set()
        frozen = action.protected(numbers).frozen
        opened = 0
        for key in sorted(new):
            row, run = datasets[key], runs[key[0]]
            in_gui = matcher.new_in_gui(*key, row.datasets_in_gui, listing)
            if row.deleted or not in_gui:
                continue
            if key in frozen:
                problems.append(
                    f"The DQM GUI has {in_gui[0]} now, but {frozen_text(key, frozen[key])}"
                )
                continue
            data = dqm_gui.classifier_data(
                *key, row.attributes, run.oms_attributes, run.rr_attributes
            )
            states, left = dqm_gui.opened_states(row.attributes, data, of_workspace)
            undecided.update(left)
            opened += OPEN in states.values()
            appeared.append(Appeared(*key, in_gui))
            changes.append(DatasetChange(*key, attributes=states, datasets_in_gui=in_gui))
        version = action.append(auto_author(), COMMENT, changes) if changes else None
    problems += [
        f"Workspace {workspace} has no offline dataset classifier: its datasets stay waiting."
        for workspace in sorted(undecided)
    ]
    return GuiOutcome(version, tuple(appeared), opened, tuple(problems))


class GuiStore:
    """Where the loop writes to; it keeps the last answer, for previews of expressions."""

    def __init__(self, db: Database) -> None:
        self._acting = Acting(db)
        self._reports = Reports(db, SOURCE)
        self._latest: GuiListing | None = None

    @property
    def latest(self) -> GuiListing:
        """The last answer of the GUI; Unavailable until there is one."""
        if self._latest is None:
            raise Unavailable(
                "This client has not read the DQM GUI yet. Try again after its next pull."
            )
        return self._latest

    def preview(
        self, regexp: str, *, run_from: int | None = None, run_to: int | None = None
    ) -> tuple[ExpressionMatches, ...]:
        """What each line of an accepted dataset finds in the last answer, before it is saved."""
        return dqm_gui.expression_matches(regexp, self.latest, run_from, run_to)

    def keep(self, listing: GuiListing) -> None:
        """Remembers an answer without applying it."""
        self._latest = listing

    def apply(self, listing: GuiListing) -> GuiOutcome:
        """Brings an answer in."""
        self.keep(listing)
        return apply(self._acting, listing)

    def report(self, status: GuiStatus) -> None:
        """Keeps what the elected puller does, for the other clients to show."""
        self._reports.report(status)

    def reported(self) -> PullerReport | None:
        """The last report of the elected puller, ours or another client's."""
        return self._reports.reported()
