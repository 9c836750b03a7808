"""Why a lumisection is in a golden JSON or not, and whose word decided it."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.configuration.in_force import parse_condition
from app.domain.errors import NotFound
from app.domain.history.cells import Word
from app.domain.json_logic import Node, Rule, explain
from app.domain.json_value import JsonValue
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange, ranges_of_mask
from app.domain.state.compact import CompactState
from app.golden.explain import Cause, causes
from app.golden.season import Season
from app.golden.selection import select
from app.services.acting import Acting
from app.services.golden.moments import NOW, Moment, actions, moment_of, season_at, voices

EVERYTHING = "%"


_BEYOND = "the dataset has"


@dataclass(frozen=True)
class Question:
    """Which datasets are meant, the rule, and the moment that counts."""

    pattern: str
    rule: Rule
    moment: Moment = NOW


@dataclass(frozen=True)
class Explained:
    """One lumisection of one dataset under a rule.

    `absent` says why it takes no part, else it is empty; then there is no tree. `words` has whose
    word each variable is that the rule names, None where it has no value of its own.
    """

    run_number: int
    dataset: str
    lumisection: int
    good: bool
    absent: str
    tree: Node | None
    words: Mapping[str, Word | None]

    @property
    def is_beyond(self) -> bool:
        """Whether the dataset has no such lumisection."""
        return self.absent.startswith(_BEYOND)


@dataclass(frozen=True)
class RunExplained:
    """One dataset of a run by the first condition that failed; `no_part` take no part."""

    run_number: int
    dataset: str
    lumisections: int
    causes: tuple[Cause, ...]
    no_part: tuple[LumiRange, ...]


def question(rule: JsonValue, pattern: str = EVERYTHING) -> Question:
    """A rule over what holds now. RuleError when it can't be read."""
    return Question(pattern, parse_condition(rule))


def question_of(acting: Acting, id_: int) -> Question:
    """The rule of a stored list over what that list was made from."""
    stored, moment = moment_of(acting, id_)
    return Question(stored.entry.dataset_name_filter, parse_condition(stored.json_logic), moment)


def explain_lumisection(
    acting: Acting, asked: Question, run_number: int, lumisection: int, only: str | None = None
) -> tuple[Explained, ...]:
    """Every matching dataset of the run, by name, or only one; NotFound when there is none."""
    season = _season(acting, asked, run_number)
    found: list[Explained] = []
    names = sorted({name for leaf in asked.rule.leaves for name in leaf.variables or ()})
    chosen = [at for at, each in enumerate(season.datasets) if only in (None, each.name)]
    keys = [_key(season, at) for at in chosen]
    spoken = voices(acting, keys, asked.moment, names)
    for at in chosen:
        dataset = season.datasets[at]
        absent = _absence(dataset.state, lumisection)
        if absent:
            found.append(Explained(run_number, dataset.name, lumisection, False, absent, None, {}))
            continue
        data = season.lumisection(run_number, dataset.name, lumisection)
        tree = explain(asked.rule, data)
        voice = spoken[_key(season, at)]
        setters = {name: voice.event_of(name, lumisection) for name in names}
        done_by = actions(acting, {each[0] for each in setters.values() if each is not None})
        words = {
            name: None
            if setter is None
            else Word(setter[0], done_by[setter[0]], setter[1] or done_by[setter[0]].manual)
            for name, setter in setters.items()
        }
        found.append(Explained(run_number, dataset.name, lumisection, tree.holds, "", tree, words))
    return tuple(found)


def explain_run(acting: Acting, asked: Question, run_number: int) -> tuple[RunExplained, ...]:
    """Every matching dataset of the run, by name; NotFound when there is none."""
    season = _season(acting, asked, run_number)
    return tuple(
        RunExplained(
            run_number,
            dataset.name,
            dataset.state.length,
            # Alone, so that the luminosity that datasets of a run share is told of each.
            causes(select(Season([dataset]), asked.rule))[run_number, dataset.name],
            ranges_of_mask(~dataset.state.per_lumisection(dataset.state.participating)),
        )
        for dataset in season.datasets
    )


def _season(acting: Acting, asked: Question, run_number: int) -> Season:
    season = season_at(acting, asked.pattern, asked.moment, run_numbers=[run_number])
    if not season.datasets:
        like = "" if asked.pattern == EVERYTHING else f' with a name like "{asked.pattern}"'
        raise NotFound(f"Run {run_number} has no dataset{like}.")
    return season


def _key(season: Season, at: int) -> DatasetKey:
    return season.datasets[at].run_number, season.datasets[at].name


def _absence(state: CompactState, lumisection: int) -> str:
    """Why a lumisection takes no part; nothing when it does."""
    if not 1 <= lumisection <= state.length:
        return f"{_BEYOND} {state.length} lumisections"
    at = lumisection - 1
    missing = [
        what
        for what, covered in (("RR", state.covered_rr), ("OMS", state.own_oms))
        if not state.per_lumisection(covered)[at]
    ]
    return f"no {' and no '.join(missing)} event of the dataset covers it" if missing else ""
