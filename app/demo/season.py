"""A season of data taking that never was: runs that have ended, and one that is being taken."""

from collections.abc import Iterator
from random import Random

from app.demo.planned_runs import Lumisections, PlannedRun
from app.demo.season_plan import runs_of_season
from app.demo.simulated_oms import SimulatedOms

_FIRST_RUN_OF_NEXT_ERA = 396_320
_PROMPT_AFTER_RUNS = 2
_NEVER_PROMPT = 0.08
_LIVE_BEGINS_WITH = 24  # lumisections
_GAP_S = 10.0  # between two live runs, of the clock
_LONGEST_STEP_S = 60.0


class DemoSeason:
    """Some forty runs that have ended and one that is being taken; the same for the same seed.

    The live run gains a lumisection every `lumisection_s` of the clock that `advance` is given;
    when it ends the next begins. `continues`, the newest run that is known and how many of its
    lumisections are, goes on from there, so that a restart doesn't make a run shorter than it was.
    """

    def __init__(
        self,
        seed: int,
        now: float,
        *,
        history: int = 40,
        lumisection_s: float = 1.5,
        continues: tuple[int, int] | None = None,
    ) -> None:
        known_run, known_lumisections = continues or (0, 0)
        self._plan = runs_of_season(seed, history)
        self._ended_runs: list[PlannedRun] = []
        self._live = next(self._plan)
        while not self._is_live(self._live, history, known_run):
            self._ended_runs.append(self._live)
            self._live = next(self._plan)
        begins_with = _LIVE_BEGINS_WITH
        if self._live.number == known_run:
            begins_with = known_lumisections
        self._length = max(1, min(begins_with, self._live.length))
        self._lumisection_s = lumisection_s
        self._last_now = now
        self._due_s = lumisection_s

    def _is_live(self, run: PlannedRun, history: int, known_run: int) -> bool:
        """The first run of a fill, or the one that was live when the program stopped."""
        if len(self._ended_runs) < history or run.number < known_run:
            return False
        return run.number == known_run or (
            run.fill is not None and run.start < run.fill.stable_from
        )

    @property
    def live_run(self) -> int:
        """The number of the run that is being taken, or was taken last."""
        return self._live.number

    @property
    def run_numbers(self) -> tuple[int, ...]:
        return (*(run.number for run in self._ended_runs), self._live.number)

    def advance(self, now: float) -> bool:
        """Lets the clock's time pass; true when there is something new.

        A jump, of a machine that slept, counts as a minute.
        """
        self._due_s -= min(max(0.0, now - self._last_now), _LONGEST_STEP_S)
        self._last_now = now
        changed = False
        while self._due_s <= 0:
            changed = True
            if self._length < self._live.length:
                self._length += 1
                over = self._length == self._live.length
                self._due_s += _GAP_S if over else self._lumisection_s
            else:
                self._ended_runs.append(self._live)
                self._live = next(self._plan)
                self._length = 1
                self._due_s += self._lumisection_s
        return changed

    def tell(self, oms: SimulatedOms) -> None:
        """Tells OMS everything."""
        for run in self._ended_runs:
            self._tell_run(oms, run, run.length)
        self.tell_news(oms)

    def tell_news(self, oms: SimulatedOms) -> None:
        """Tells OMS of the live run and of the one before, which may have ended just now."""
        for run in self._ended_runs[-1:]:
            self._tell_run(oms, run, run.length)
        self._tell_run(oms, self._live, self._length)

    def in_dqm_gui(self) -> list[tuple[int, str]]:
        """Runs and their datasets that the DQM GUI has by now: express when a run has ended,
        prompt reconstruction two runs later, and now and then one that never comes."""
        ended = tuple(self._ended_runs)
        found: list[tuple[int, str]] = []
        for later, run in enumerate(reversed(ended)):
            chance = Random(f"gui {run.number}")
            found += [(run.number, name) for name in _express(run)]
            if later >= _PROMPT_AFTER_RUNS and chance.random() > _NEVER_PROMPT:
                found += [(run.number, name) for name in _prompt(run, chance)]
        return found

    def _tell_run(self, oms: SimulatedOms, run: PlannedRun, length: int) -> None:
        if run.fill is not None:
            oms.set_fill(run.fill.attributes(run.time_of(length + 1)))
        oms.set_lumisections(run.number, Lumisections(run, length))
        oms.set_run(run.attributes(length, ended=length == run.length))


def _era(run: PlannedRun) -> str:
    """Era in the names of GUI datasets, which follows the run numbers."""
    return "Run2025C" if run.number < _FIRST_RUN_OF_NEXT_ERA else "Run2025D"


def _express(run: PlannedRun) -> Iterator[str]:
    if run.kind == "collisions":
        yield f"/StreamExpress/{_era(run)}-Express-v1/DQMIO"
    elif run.kind == "cosmics":
        yield f"/StreamExpressCosmics/{_era(run)}-Express-v1/DQMIO"
    else:
        yield "/StreamExpress/Commissioning2025-Express-v1/DQMIO"


def _prompt(run: PlannedRun, chance: Random) -> Iterator[str]:
    if run.kind == "cosmics":
        yield f"/Cosmics/{_era(run)}-PromptReco-v1/DQMIO"
    if run.kind != "collisions":
        return
    yield f"/ZeroBias/{_era(run)}-PromptReco-v1/DQMIO"
    for stream in ("Muon0", "Muon1", "EGamma0", "JetMET0"):
        if chance.random() > 0.1:
            yield f"/{stream}/{_era(run)}-PromptReco-v1/DQMIO"
