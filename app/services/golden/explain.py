"""Why a lumisection is in a golden JSON or not, and who set the values that decided it."""

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
    """A rule, the names of the datasets it is applied to, and the state they are in."""

    pattern: str
    rule: Rule
    moment: Moment = NOW


@dataclass(frozen=True)
class Explained:
    """One lumisection of one dataset under a rule.

    `absent` says why it takes no part; then there is no tree. `set_by` says for each variable
    that the rule names who set it, None where nobody did.
    """

    run_number: int
    dataset: str
    lumisection: int
    good: bool
    absent: str
    tree: Node | None
    set_by: Mapping[str, Word | None]

    @property
    def is_beyond(self) -> bool:
        """Whether the dataset has no such lumisection."""
        return self.absent.startswith(_BEYOND)


@dataclass(frozen=True)
class RunExplained:
    """One dataset of a run by the first condition that failed; the LS in `no_part` take no part."""

    run_number: int
    dataset: str
    lumisections: int
    causes: tuple[Cause, ...]
    no_part: tuple[LumiRange, ...]


def question_now(rule: JsonValue, pattern: str = EVERYTHING) -> Question:
    """A rule over the present state. RuleError when it can't be read."""
    return Question(pattern, parse_condition(rule))


def question_of(acting: Acting, id_: int) -> Question:
    """The rule of a stored list over the state that list was made from."""
    stored, moment = moment_of(acting, id_)
    return Question(stored.entry.dataset_name_filter, parse_condition(stored.json_logic), moment)


def explain_lumisection(
    acting: Acting, question: Question, run_number: int, lumisection: int, only: str | None = None
) -> tuple[Explained, ...]:
    """Every matching dataset of the run, by name, or only one; NotFound when there is none."""
    season = _season(acting, question, run_number)
    explained: list[Explained] = []
    names = sorted({name for leaf in question.rule.leaves for name in leaf.variables or ()})
    chosen = [at for at, dataset in enumerate(season.datasets) if only in (None, dataset.name)]
    keys = [_key(season, at) for at in chosen]
    voices_by_key = voices(acting, keys, question.moment, names)
    for at in chosen:
        dataset = season.datasets[at]
        absent = _absence(dataset.state, lumisection)
        if absent:
            explained.append(
                Explained(run_number, dataset.name, lumisection, False, absent, None, {})
            )
            continue
        data = season.lumisection(run_number, dataset.name, lumisection)
        tree = explain(question.rule, data)
        voice = voices_by_key[_key(season, at)]
        setters = {name: voice.event_of(name, lumisection) for name in names}
        done_by = actions(acting, {setter[0] for setter in setters.values() if setter is not None})
        set_by = {
            name: None
            if setter is None
            else Word(setter[0], done_by[setter[0]], setter[1] or done_by[setter[0]].manual)
            for name, setter in setters.items()
        }
        explained.append(
            Explained(run_number, dataset.name, lumisection, tree.holds, "", tree, set_by)
        )
    return tuple(explained)


def explain_run(acting: Acting, question: Question, run_number: int) -> tuple[RunExplained, ...]:
    """Every matching dataset of the run, by name; NotFound when there is none."""
    season = _season(acting, question, run_number)
    return tuple(
        RunExplained(
            run_number,
            dataset.name,
            dataset.state.length,
            # Alone, so that each dataset counts the luminosity that datasets of a run share.
            causes(select(Season([dataset]), question.rule))[run_number, dataset.name],
            ranges_of_mask(~dataset.state.per_lumisection(dataset.state.participating)),
        )
        for dataset in season.datasets
    )


def _season(acting: Acting, question: Question, run_number: int) -> Season:
    season = season_at(acting, question.pattern, question.moment, run_numbers=[run_number])
    if not season.datasets:
        like = "" if question.pattern == EVERYTHING else f' with a name like "{question.pattern}"'
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
