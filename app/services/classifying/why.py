"""Why a run has its class or significance, and a column its status in a lumisection."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from app.domain.certification.datasets import NOT_SIGNIFICANT, OPEN
from app.domain.classifying.recorded_run import RecordedRun
from app.domain.configuration.in_force import Configuration, parse_condition
from app.domain.configuration.items import condition_of
from app.domain.errors import NotFound, Refused
from app.domain.history.cells import Word
from app.domain.json_logic import Node, Rule, explain
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE
from app.domain.sources.dqm_gui import classifier_data
from app.domain.triplets import NO_VALUE_FOUND
from app.models.events import rows
from app.services.acting import Acting
from app.services.classifying.trials import Draft, configurations_of, recorded_run
from app.services.configuration import in_force as configurations
from app.services.golden.moments import NOW, Voices, actions, voices


@dataclass(frozen=True)
class Verdict:
    """One classifier over the data, in the order they are asked; `id` as in the configuration.

    `decides`: its answer is the one that counts. `tree` is None where the rule can't be computed,
    `problem` says why.
    """

    id: int
    gives: str
    priority: int | None
    enabled: bool
    holds: bool
    decides: bool
    tree: Node | None
    problem: str = ""


@dataclass(frozen=True)
class Why:
    """What the classifiers say of something, and what stands.

    `stands` is what is recorded, `word` whose word that is, None where nobody gave it a value.
    `words` has who set each variable of the rules, as far as one event did.
    """

    question: str
    run_number: int
    answer: str
    stands: str
    word: Word | None
    verdicts: tuple[Verdict, ...]
    words: Mapping[str, Word | None] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The answer in a sentence."""
        chosen = next((each for each in self.verdicts if each.decides), None)
        if not self.verdicts:
            said = "no classifier decides it"
        elif chosen is None:
            said = f"no classifier matches{f', so {self.answer}' if self.answer else ''}"
        else:
            said = f"{self.answer} by classifier {chosen.id}"
        if self.stands == self.answer:
            return f"{self.question}: {said}."
        by = self.word
        whose = f", the word of {by.action.author}" if by is not None and by.by_hand else ""
        return (
            f"{self.question}: {self.stands or 'nothing'} stands{whose}; the classifiers now say:"
            f" {said}."
        )


def why_class(acting: Acting, run_number: int, draft: Draft | None = None) -> Why:
    """Every class classifier over a run, by priority."""
    configuration = _configuration(acting, draft)
    run = recorded_run(acting, run_number)
    verdicts = _first_match(
        (
            (each.id, each.class_, each.priority, each.enabled, each.rule)
            for each in configuration.class_classifiers
        ),
        run.class_data(run.rr_attributes),
    )
    answer = str(run.classified(configuration).get("class") or "")
    rules = [each.rule for each in configuration.class_classifiers]
    return _run(acting, run, "Class", "class", answer, run.class_, verdicts, rules)


def why_significant(acting: Acting, run_number: int, draft: Draft | None = None) -> Why:
    """The dataset classifiers of the run's class over the run; any that holds will do."""
    configuration = _configuration(acting, draft)
    run = recorded_run(acting, run_number)
    rr = run.classified(configuration)
    asked = [
        each for each in configuration.dataset_classifiers if each.class_ == rr.get("class", "")
    ]
    verdicts = _first_match(
        ((each.id, "significant", None, each.enabled, each.rule) for each in asked),
        run.class_data({**run.rr_attributes, "class": rr.get("class", "")}),
    )
    return _run(
        acting,
        run,
        "Significance",
        "significant",
        _significance(rr["significant"] is True),
        _significance(run.is_significant),
        verdicts,
        [each.rule for each in asked],
    )


def why_column(
    acting: Acting,
    run_number: int,
    dataset: str,
    column: str,
    lumisection: int,
    draft: Draft | None = None,
) -> Why:
    """The classifiers of a column over a lumisection, by priority.

    Those of an offline dataset were asked once, when it was made; here they see what `online` is
    now; without a name it is any dataset that would be made now. NotFound when the lumisection or
    the column isn't there.
    """
    configuration = _configuration(acting, draft)
    run = recorded_run(acting, run_number)
    if not 1 <= lumisection <= run.online.length:
        raise NotFound(f"Run {run_number} has {run.online.length} lumisections.")
    online = dataset == ONLINE
    configuration.workspace_of(column, online=online)
    components = configuration.online_components if online else configuration.offline_components
    classifiers = [each for each in components if each.column == column]
    if online:
        data = run.online_data(run.classified(configuration), lumisection)
        place = _online_place(run)
    else:
        data = run.offline_data(lumisection)
        place = _as_written
    verdicts = _first_match(
        ((each.id, each.status, each.priority, each.enabled, each.rule) for each in classifiers),
        data,
    )
    answer = next((each.gives for each in verdicts if each.decides), NO_VALUE_FOUND)
    own = f"lumisection.rr.{column}"
    places = {name: place(name) for each in classifiers for name in each.rule.variables or ()}
    keys = {(run_number, ONLINE), *([(run_number, dataset)] if dataset else ())}
    spoken = voices(acting, keys, NOW, [own, *places.values()])
    words = _words(acting, spoken[run_number, ONLINE], places, lumisection)
    if not dataset:
        what = f"{column} in LS {lumisection}"
        return Why(what, run_number, answer, answer, None, verdicts, words)
    writer = spoken[run_number, dataset].columns_now.writer(column, lumisection)
    return Why(
        f"{column} of {dataset} in LS {lumisection}",
        run_number,
        answer if classifiers or not online else "",
        "" if writer is None else writer.values[column].status,
        _words(acting, spoken[run_number, dataset], {own: own}, lumisection)[own],
        verdicts,
        words,
    )


def why_workspace(
    acting: Acting, run_number: int, dataset: str, workspace: str, draft: Draft | None = None
) -> Why:
    """The offline dataset classifiers of a workspace over a dataset; the first enabled counts."""
    configuration = _configuration(acting, draft)
    run = recorded_run(acting, run_number)
    with acting.db.read() as connection:
        row = rows.datasets_of_run(connection, run_number).get(dataset)
    if row is None or dataset == ONLINE:
        raise NotFound(f"Run {run_number} has no offline dataset {dataset}.")
    data = classifier_data(run_number, dataset, row.attributes, run.recorded_oms, run.rr_attributes)
    asked = [
        each for each in configuration.offline_dataset_classifiers if each.workspace == workspace
    ]
    counts = next((each.id for each in asked if each.enabled), None)
    verdicts = tuple(
        _verdict(each.id, OPEN, None, each.enabled, each.rule, data, decides=each.id == counts)
        for each in asked
    )
    holds = any(each.decides and each.holds for each in verdicts)
    attribute = f"{workspace}_state"
    name = f"dataset.{attribute}"
    places = {each: _as_written(each) for one in asked for each in one.rule.variables or ()}
    spoken = voices(acting, {(run_number, dataset)}, NOW, [])[run_number, dataset]
    return Why(
        f"{workspace} of {dataset}",
        run_number,
        "" if counts is None else OPEN if holds else NOT_SIGNIFICANT,
        str(row.attributes.get(attribute, "")),
        _words(acting, spoken, {name: name}, 1)[name],
        verdicts,
        _words(acting, spoken, places, 1),
    )


def _configuration(acting: Acting, draft: Draft | None) -> Configuration:
    return configurations.current(acting) if draft is None else configurations_of(acting, draft)[1]


def _run(
    acting: Acting,
    run: RecordedRun,
    question: str,
    attribute: str,
    answer: str,
    stands: str,
    verdicts: tuple[Verdict, ...],
    rules: Iterable[Rule],
) -> Why:
    """An answer about an attribute of the run itself."""
    own = f"run.rr.{attribute}"
    places = {
        name: "" if name.partition(".")[0] in run.reduced else _flat_place(run, name)
        for rule in rules
        for name in rule.variables or ()
    }
    spoken = voices(acting, {(run.run_number, ONLINE)}, NOW, [])[run.run_number, ONLINE]
    return Why(
        question,
        run.run_number,
        answer,
        stands,
        _words(acting, spoken, {own: own}, 1)[own],
        verdicts,
        _words(acting, spoken, {name: where for name, where in places.items() if where}, 1),
    )


def _first_match(
    classifiers: Iterable[tuple[int, str, int | None, bool, Rule]], data: JsonObject
) -> tuple[Verdict, ...]:
    """Verdicts of classifiers by priority; the first enabled one that holds decides."""
    found: list[Verdict] = []
    decided = False
    for id_, gives, priority, enabled, rule in classifiers:
        verdict = _verdict(id_, gives, priority, enabled, rule, data, decides=False)
        if enabled and verdict.holds and not decided:
            decided = True
            verdict = replace(verdict, decides=True)
        found.append(verdict)
    return tuple(found)


def _verdict(
    id_: int,
    gives: str,
    priority: int | None,
    enabled: bool,
    rule: Rule,
    data: JsonObject,
    *,
    decides: bool,
) -> Verdict:
    try:
        tree = explain(parse_condition(condition_of(rule.source)), data)
    except Refused as error:
        return Verdict(id_, gives, priority, enabled, False, False, None, str(error))
    return Verdict(id_, gives, priority, enabled, tree.holds, decides, tree)


def _words(
    acting: Acting, spoken: Voices, places: Mapping[str, str], lumisection: int
) -> dict[str, Word | None]:
    """Whose word each variable is, by its name; `places` has where its value comes from."""
    setters = {name: spoken.event_of(where, lumisection) for name, where in places.items()}
    done_by = actions(acting, {each[0] for each in setters.values() if each is not None})
    return {
        name: None if each is None else Word(each[0], done_by[each[0]], each[1])
        for name, each in setters.items()
    }


def _significance(significant: bool) -> str:
    return "significant" if significant else "not significant"


def _as_written(name: str) -> str:
    return name


def _flat_place(run: RecordedRun, name: str) -> str:
    return f"run.{'rr' if name.partition('.')[0] in run.rr_attributes else 'oms'}.{name}"


def _online_place(run: RecordedRun) -> Callable[[str], str]:
    keys = {*run.online.bits, *run.online.dense}

    def place(name: str) -> str:
        if name.partition(".")[0] in keys:
            return f"lumisection.oms.{name}"
        return _flat_place(run, name)

    return place
