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

CLASS, SIGNIFICANCE = "class", "significant"
"""Subjects of a question about a run itself."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a run: `subject` is CLASS, SIGNIFICANCE, or a column in a lumisection.

    With `draft` it is answered as if that change of the configuration were saved.
    """

    run_number: int
    subject: str
    dataset: str = ONLINE
    lumisection: int = 0
    draft: Draft | None = None


@dataclass(frozen=True)
class Verdict:
    """The result of one classifier; `id` is its id in the configuration.

    `decides`: its result is the one that counts. `tree` is None where the rule can't be computed,
    `problem` is the reason.
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
    """The results of the classifiers for one question, beside the recorded value.

    `recorded` was set by `set_by`, None where nobody set it. `words` has who set
    each variable of the rules, as far as one event did.
    """

    question: str
    run_number: int
    answer: str
    recorded: str
    set_by: Word | None
    verdicts: tuple[Verdict, ...]
    words: Mapping[str, Word | None] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The answer in a sentence."""
        chosen = next((verdict for verdict in self.verdicts if verdict.decides), None)
        if not self.verdicts:
            result = "no classifier decides it"
        elif chosen is None:
            result = f"no classifier matches{f', so {self.answer}' if self.answer else ''}"
        else:
            result = f"{self.answer} by classifier {chosen.id}"
        if self.recorded == self.answer:
            return f"{self.question}: {result}."
        by = self.set_by
        author = f", set by {by.action.by}" if by is not None and by.by_hand else ""
        return (
            f"{self.question}: recorded is {self.recorded or 'nothing'}{author}; the present"
            f" classifiers give: {result}."
        )


def why(acting: Acting, question: Question) -> Why:
    """The answer to a question."""
    run_number, draft = question.run_number, question.draft
    if question.subject == CLASS:
        return why_class(acting, run_number, draft)
    if question.subject == SIGNIFICANCE:
        return why_significant(acting, run_number, draft)
    return why_column(
        acting, run_number, question.dataset, question.subject, question.lumisection, draft
    )


def why_class(acting: Acting, run_number: int, draft: Draft | None = None) -> Why:
    """All class classifiers applied to a run, by priority."""
    configuration = _configuration(acting, draft)
    run = recorded_run(acting, run_number)
    verdicts = _first_match(
        (
            (
                classifier.id,
                classifier.class_,
                classifier.priority,
                classifier.enabled,
                classifier.rule,
            )
            for classifier in configuration.class_classifiers
        ),
        run.class_data(run.rr_attributes),
    )
    answer = str(run.classified(configuration).get("class") or "")
    rules = [classifier.rule for classifier in configuration.class_classifiers]
    return _run(acting, run, "Class", "class", answer, run.class_, verdicts, rules)


def why_significant(acting: Acting, run_number: int, draft: Draft | None = None) -> Why:
    """The dataset classifiers of the run's class applied to the run; one that holds is enough."""
    configuration = _configuration(acting, draft)
    run = recorded_run(acting, run_number)
    rr = run.classified(configuration)
    classifiers = [
        classifier
        for classifier in configuration.dataset_classifiers
        if classifier.class_ == rr.get("class", "")
    ]
    verdicts = _first_match(
        (
            (classifier.id, "significant", None, classifier.enabled, classifier.rule)
            for classifier in classifiers
        ),
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
        [classifier.rule for classifier in classifiers],
    )


def why_column(
    acting: Acting,
    run_number: int,
    dataset: str,
    column: str,
    lumisection: int,
    draft: Draft | None = None,
) -> Why:
    """The classifiers of a column applied to a lumisection, by priority.

    Offline columns were classified when their dataset was made; here the classifiers read the
    present values of `online`. Without a dataset the answer is for one that would be made now.
    Raises NotFound when the lumisection or the column doesn't exist.
    """
    configuration = _configuration(acting, draft)
    run = recorded_run(acting, run_number)
    if not 1 <= lumisection <= run.online.length:
        raise NotFound(f"Run {run_number} has {run.online.length} lumisections.")
    online = dataset == ONLINE
    configuration.workspace_of(column, online=online)
    components = configuration.online_components if online else configuration.offline_components
    classifiers = [classifier for classifier in components if classifier.column == column]
    if online:
        data = run.online_data(run.classified(configuration), lumisection)
        place = _online_place(run)
    else:
        data = run.offline_data(lumisection)
        place = _as_written
    verdicts = _first_match(
        ((item.id, item.status, item.priority, item.enabled, item.rule) for item in classifiers),
        data,
    )
    answer = next((verdict.gives for verdict in verdicts if verdict.decides), NO_VALUE_FOUND)
    own = f"lumisection.rr.{column}"
    places = {
        name: place(name) for classifier in classifiers for name in classifier.rule.variables or ()
    }
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
    """The offline dataset classifiers of a workspace applied to a dataset; the first enabled one
    counts."""
    configuration = _configuration(acting, draft)
    run = recorded_run(acting, run_number)
    with acting.db.read() as connection:
        row = rows.datasets_of_run(connection, run_number).get(dataset)
    if row is None or dataset == ONLINE:
        raise NotFound(f"Run {run_number} has no offline dataset {dataset}.")
    data = classifier_data(run_number, dataset, row.attributes, run.recorded_oms, run.rr_attributes)
    classifiers = [
        classifier
        for classifier in configuration.offline_dataset_classifiers
        if classifier.workspace == workspace
    ]
    counts = next((classifier.id for classifier in classifiers if classifier.enabled), None)
    verdicts = tuple(
        _verdict(
            classifier.id,
            OPEN,
            None,
            classifier.enabled,
            classifier.rule,
            data,
            decides=classifier.id == counts,
        )
        for classifier in classifiers
    )
    holds = any(verdict.decides and verdict.holds for verdict in verdicts)
    attribute = f"{workspace}_state"
    name = f"dataset.{attribute}"
    places = {
        name: _as_written(name)
        for classifier in classifiers
        for name in classifier.rule.variables or ()
    }
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
    recorded: str,
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
        recorded,
        _words(acting, spoken, {own: own}, 1)[own],
        verdicts,
        _words(acting, spoken, {name: where for name, where in places.items() if where}, 1),
    )


def _first_match(
    classifiers: Iterable[tuple[int, str, int | None, bool, Rule]], data: JsonObject
) -> tuple[Verdict, ...]:
    """Verdicts of classifiers by priority; the first enabled one that holds decides."""
    verdicts: list[Verdict] = []
    decided = False
    for id_, gives, priority, enabled, rule in classifiers:
        verdict = _verdict(id_, gives, priority, enabled, rule, data, decides=False)
        if enabled and verdict.holds and not decided:
            decided = True
            verdict = replace(verdict, decides=True)
        verdicts.append(verdict)
    return tuple(verdicts)


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
    """Who set each variable, by its name; `places` has where its value comes from."""
    setters = {name: spoken.event_of(where, lumisection) for name, where in places.items()}
    done_by = actions(acting, {setter[0] for setter in setters.values() if setter is not None})
    return {
        name: None if setter is None else Word(setter[0], done_by[setter[0]], setter[1])
        for name, setter in setters.items()
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
