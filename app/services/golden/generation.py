"""Golden JSON: generated from the stored state, kept in the database, written to files."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from weakref import WeakKeyDictionary

from app import garbage
from app.distribution import program_version
from app.domain.certification.wishes import Asked, OfficialWish
from app.domain.configuration import permissions
from app.domain.configuration.in_force import parse_condition
from app.domain.configuration.items import UnknownVariables
from app.domain.configuration.permissions import EXPERTS
from app.domain.counting import counted, number
from app.domain.errors import NotFound, NotPermitted, Refused
from app.domain.json_logic import Rule
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange
from app.domain.progress import SILENT, Progress
from app.domain.text.names import no_rule
from app.golden.document import Style, from_json, to_text
from app.golden.season import Season, SeasonDataset
from app.golden.selection import Selection, select
from app.models.database.engine import Database
from app.models.events import pending, projections, second_eyes
from app.models.events.ground import ground
from app.models.golden import generated_json
from app.models.golden.generated_json import JsonEntry, JsonRow, SeasonRead
from app.models.history import writes as history
from app.models.pulling import wishes
from app.models.recount import marks
from app.models.recount.basis import Basis
from app.models.seal import list_roots, reading
from app.services import names
from app.services.acting import Acting
from app.services.certification import asking
from app.services.configuration import in_force as configurations

__all__ = [
    "CHECKING",
    "READING_SHARE",
    "Deleted",
    "Generated",
    "JsonEntry",
    "JsonRow",
    "MatchingDatasets",
    "TaggedRule",
    "Texts",
    "basis",
    "datasets_matching",
    "delete",
    "entries",
    "forget_seasons",
    "generate",
    "generate_several",
    "preview",
    "program_version",
    "row",
    "rule_named",
    "season_from",
    "season_of",
    "texts",
    "texts_of",
]


CHECKING = "lists"
"""The job of pullers that makes lists again."""

READING_SHARE = 0.6
"""Share of the progress that reading the state takes."""


@dataclass(frozen=True)
class Generated:
    """A golden JSON that is stored now."""

    id: int
    version: int
    selection: Selection
    asked: Asked | None = None
    """Set where it becomes official when a puller has made it again."""
    not_counted: int = 0
    """Datasets whose kept state nobody has counted again yet since they changed."""
    verified: int = 0
    """Datasets that a second person verified, as a whole or in a workspace."""
    left_out: int = 0
    """Datasets that match, too, of runs with numbers that no golden JSON can name."""

    @property
    def remark(self) -> str:
        """What the list rests on: how many datasets a second person verified, how many nobody has
        counted again yet, and which are left out; empty when there is nothing to say."""
        of_all = counted(len(self.selection.season.datasets), "dataset")
        said = []
        if self.left_out:
            said.append(_said_of_left_out(self.left_out))
        if self.verified:
            said.append(f"{number(self.verified)} of {of_all} are verified by a second person.")
        if self.not_counted:
            said.append(
                f"{number(self.not_counted)} of {of_all} weren't counted again yet since they"
                " changed. An official list rests on the events alone."
            )
        return " ".join(said)

    @property
    def text(self) -> str:
        """The figures of the list, and what a puller was asked for."""
        return self.figures if self.asked is None else f"{self.figures} {self.asked.text}"

    @property
    def figures(self) -> str:
        """The figures of the list in a sentence."""
        good = self.selection
        return (
            f"Golden JSON {self.id}: {counted(len(good.document), 'run')},"
            f" {number(good.lumisections)} LS,"
            f" {good.in_json.recorded:.3g} of {good.total.recorded:.3g} /pb."
        )


@dataclass(frozen=True)
class TaggedRule:
    """One of several rules that lists are made of, with the tags that its list is found by."""

    rule: JsonValue
    tags: str = ""


@dataclass(frozen=True)
class Deleted:
    """Golden JSONs that are in no list any more."""

    ids: tuple[int, ...]

    @property
    def text(self) -> str:
        """What was deleted, in a sentence."""
        noun = "golden JSON" if len(self.ids) == 1 else "golden JSONs"
        return f"Deleted {noun} {', '.join(map(str, self.ids))}."


@dataclass(frozen=True)
class MatchingDatasets:
    """The runs of each dataset name that a pattern matches."""

    runs_of: Mapping[str, int]

    @property
    def datasets(self) -> int:
        """How many datasets they are in all."""
        return sum(self.runs_of.values())


@dataclass(frozen=True)
class Texts:
    """A golden JSON in every form that is saved; the same list is always the same bytes."""

    golden: str
    with_dataset_names: str
    anti: str
    anti_with_dataset_names: str

    @property
    def sha256(self) -> str:
        """Hex digest of the golden form."""
        return hashlib.sha256(self.golden.encode()).hexdigest()


@dataclass(frozen=True)
class _Remembered:
    """The season read last, and what tells whether it is still what the database holds."""

    pattern: str
    read: SeasonRead
    season: Season


_seasons: WeakKeyDictionary[Database, _Remembered] = WeakKeyDictionary()
_guard = threading.Lock()


def generate(
    acting: Acting,
    pattern: str,
    rule: JsonValue,
    *,
    tags: str = "",
    official: bool = False,
    as_of: int | None = None,
    insist: bool = False,
    progress: Progress = SILENT,
) -> Generated:
    """Computes a rule over the datasets whose names match, and stores the result.

    `pattern` is an SQL `SIMILAR TO` pattern; `as_of` an `atomic_version` to go back to. An
    `official` list is made from the events, and believes no row that is only derived; for a person
    on a guarded database it becomes official when a puller has made it again.
    `progress` takes the share done; a cancelled one raises Cancelled and leaves nothing behind.
    """
    return generate_several(
        acting,
        pattern,
        [TaggedRule(rule, tags)],
        official=official,
        as_of=as_of,
        insist=insist,
        progress=progress,
    )[0]


def refusal_of_official(acting: Acting) -> NotPermitted | None:
    """Why the person may not mark lists as official; None for experts."""
    if EXPERTS in acting.actor.egroups:
        return None
    return NotPermitted(f"Only {EXPERTS} may mark a golden JSON as official.", (EXPERTS,))


def generate_several(
    acting: Acting,
    pattern: str,
    rules: Sequence[TaggedRule],
    *,
    official: bool = False,
    as_of: int | None = None,
    insist: bool = False,
    progress: Progress = SILENT,
) -> list[Generated]:
    """Computes several rules over the same state of the same datasets, read once, and stores all
    results or none; in the order of the rules. Everything else as in `generate`.

    Raises UnknownVariables, unless the person insists, when a rule reads what no lumisection of
    these datasets has: its conditions fail everywhere, and the list is easily empty.
    """
    allowed = configurations.current(acting).permissions
    allowed.check(acting.actor, permissions.generate_json_path())
    if official and (refusal := refusal_of_official(acting)):
        raise refusal
    waits = official and asking.must_ask(acting)
    conditions = [parse_condition(each.rule) for each in rules]
    names.version_at(acting, as_of)  # refuses one that there isn't
    read, season = season_of(acting, pattern, as_of=as_of, proved=official, progress=progress)
    # At once, before the rules take their time: both are to be of one moment.
    with acting.db.read() as connection:
        recorded, delivered = generated_json.luminosity_of_run_range(
            connection,
            (season.datasets[0].run_number, season.datasets[-1].run_number),
            basis(acting, proved=official),
            as_of=as_of,
        )
        keys = [(each.run_number, each.name) for each in read.datasets]
        unproved = 0
        if acting.db.desk and as_of is None and not official:
            unproved = marks.not_counted(connection, keys)
        verified = 0
        if acting.db.record and as_of is None:
            verified = len(second_eyes.marks(connection, keys))
    selections = _selections(season, conditions, insist=insist, progress=progress)
    of_all: JsonObject = {
        "dataset_name_filter": pattern,
        "created_by": acting.actor.email,
        "official": official and not waits,
        "runregistry_version": read.version,
        "total_recorded_luminosity_from_run_range": recorded,
        "total_delivered_luminosity_from_run_range": delivered,
    }
    rows: list[JsonObject] = [
        {**of_all, "tags": rule.tags, "json_logic": condition.source}
        for rule, condition in zip(rules, conditions, strict=True)
    ]
    made = _stored(acting, read, rows, selections, waits=waits, progress=progress)
    return [
        replace(each, not_counted=unproved, verified=verified, left_out=read.left_out)
        for each in made
    ]


def _stored(
    acting: Acting,
    read: SeasonRead,
    rows: Sequence[JsonObject],
    selections: Sequence[Selection],
    *,
    waits: bool,
    progress: Progress,
) -> list[Generated]:
    """Stores lists, all or none, with the wishes that they be official where that `waits`."""
    made, wished = [], []
    with acting.db.transaction() as connection:
        # The seal may have been dropped since the program was started: lists are made all the same.
        keeps_root = acting.db.keeps_roots and reading.readable(connection)
        for of_list, selection in zip(rows, selections, strict=True):
            id_ = generated_json.insert(connection, {**selection.as_row(), **of_list})
            if acting.db.record:
                generated_json.remember_provenance(
                    connection,
                    id_,
                    program_version=program_version(),
                    sha256=texts_of(selection).sha256,
                    datasets=read.provenance,
                    by=acting.actor.email,
                )
            if keeps_root:
                list_roots.keep(connection, id_)
            if waits:
                wished.append(wishes.add(connection, OfficialWish(id_), acting.actor.email))
            made.append(Generated(id_, read.version, selection))
        generated_json.announce(connection, [golden_json.id for golden_json in made])
        progress.checkpoint()
    return [_with_wish(acting, each, wish) for each, wish in zip_longest(made, wished)]


def _with_wish(acting: Acting, made: Generated, wish: int | None) -> Generated:
    if wish is None:
        return made
    words = OfficialWish(made.id).words
    return replace(made, asked=asking.told(acting, (wish,), words, job=CHECKING))


def _selections(
    season: Season, conditions: Sequence[Rule], *, insist: bool, progress: Progress
) -> list[Selection]:
    """What each rule selects; UnknownVariables unless the person insists."""
    selections = []
    share = (1 - READING_SHARE) / len(conditions)
    for at, condition in enumerate(conditions):
        begin = READING_SHARE + share * at
        selections.append(select(season, condition, progress.part(begin, begin + share)))
    unknown = {each.name: each.nearest for of in selections for each in of.warnings}
    if unknown and not insist:
        raise UnknownVariables(unknown, "generate the list")
    return selections


def preview(
    acting: Acting, pattern: str, rule: JsonValue, *, as_of: int | None = None
) -> Selection:
    """What a rule selects now, or did at a version; nothing is stored."""
    return select(season_of(acting, pattern, as_of=as_of)[1], parse_condition(rule))


def season_of(
    acting: Acting,
    pattern: str,
    *,
    as_of: int | None = None,
    proved: bool = False,
    progress: Progress = SILENT,
) -> tuple[SeasonRead, Season]:
    """The datasets whose names match, with their states; kept until something is written.

    `proved`: from nothing that was only kept.
    """
    known = _remembered(acting, pattern) if as_of is None and not proved else None
    if known is not None and _still_newest(acting, known.read):
        return known.read, known.season
    reading = progress.part(0.0, READING_SHARE)
    settled = pending.newest_settled(acting.db)
    with acting.db.read() as connection:
        read = generated_json.read_season(
            connection,
            pattern,
            basis=basis(acting, proved=proved),
            as_of=as_of,
            settled=settled,
            told=reading.at,
        )
    if not read.datasets and read.left_out:
        raise NotFound(_said_of_left_out(read.left_out))
    if not read.datasets:
        hint = " Any text is written %, not *." if "*" in pattern else ""
        raise NotFound(f'No dataset name matches "{pattern}".{hint}')
    if known is not None and _same(known.read, read):
        # What others write elsewhere leaves the season as it is, and with it all that was answered.
        season = known.season
    else:
        # Two seasons at a time would take twice the memory.
        known = None
        if as_of is None and not proved:
            _forget_season(acting)
        season = season_from(read)
        garbage.give_back()
    if as_of is None and not proved:
        _remember_folded(acting, read)
        with _guard:
            _seasons[acting.db.origin] = _Remembered(pattern, read, season)
    return read, season


def _said_of_left_out(number_of: int) -> str:
    return (
        f"{counted(number_of, 'matching dataset')} of runs with numbers below 1 left out: no golden"
        " JSON can name those."
    )


def basis(acting: Acting, *, proved: bool) -> Basis:
    """What a list is made from; one that others rely on rests on the events."""
    db = acting.db
    if proved:
        return Basis.proved(desk=db.desk, guarded=db.guard is not None)
    return Basis.quick(desk=db.desk)


def _same(before: SeasonRead, now: SeasonRead) -> bool:
    """Whether a season would be made of the same."""
    return (before.provenance, before.datasets, before.ground) == (
        now.provenance,
        now.datasets,
        now.ground,
    )


def season_from(read: SeasonRead) -> Season:
    """What was read, ready for rules."""
    return Season(
        SeasonDataset(
            dataset.run_number,
            dataset.name,
            dataset.attributes,
            dataset.oms_attributes,
            dataset.rr_attributes,
            read.states[dataset.run_number, dataset.name],
        )
        for dataset in read.datasets
    )


def forget_seasons(acting: Acting) -> None:
    """Drops what is kept in memory."""
    _forget_season(acting)
    acting.db.forget_kept()


def _forget_season(acting: Acting) -> None:
    with _guard:
        _seasons.pop(acting.db.origin, None)


def datasets_matching(acting: Acting, pattern: str) -> MatchingDatasets:
    """The datasets whose names a pattern matches."""
    with acting.db.read() as connection:
        return MatchingDatasets(dict(generated_json.names_matching(connection, pattern)))


def entries(
    acting: Acting,
    *,
    created_by: str | None = None,
    official: bool = False,
    words: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[JsonEntry]:
    """Generated JSONs, newest first: those of one person, the official ones, or all."""
    with acting.db.read() as connection:
        return generated_json.entries(
            connection,
            created_by=created_by,
            official=official,
            words=words,
            before=before,
            limit=limit,
        )


def row(acting: Acting, id_: int) -> JsonRow:
    """A generated JSON with its lists and luminosities."""
    with acting.db.read() as connection:
        return generated_json.row(connection, id_)


def delete(acting: Acting, ids: Sequence[int]) -> Deleted:
    """Deletes lists, all of them or none; their authors may, and experts."""
    with acting.db.transaction() as connection:
        for id_ in ids:
            made_by = generated_json.row(connection, id_).entry.created_by
            permissions.check_creator_or_expert(acting.actor, made_by, f"golden JSON {id_}")
            generated_json.delete(connection, id_)
        generated_json.announce(connection, ids)
    return Deleted(tuple(ids))


def texts(stored: JsonRow, style: Style = Style.OFFICIAL) -> Texts:
    """A stored golden JSON in every form; lists of the web service are put in order."""
    return Texts(
        to_text(from_json(stored.generated_json).document, style),
        to_text(_named(stored.generated_json_with_dataset_names), style),
        to_text(from_json(stored.generated_anti_json).document, style),
        to_text(_named(stored.generated_anti_json_with_dataset_names), style),
    )


def texts_of(selection: Selection, style: Style = Style.OFFICIAL) -> Texts:
    """A computed golden JSON in every form."""
    return Texts(
        to_text(selection.document, style),
        to_text(selection.document_with_names, style),
        to_text(selection.anti_document, style),
        to_text(selection.anti_document_with_names, style),
    )


def rule_named(acting: Acting, name: str) -> JsonValue:
    """The rule that is saved or shipped under a name."""
    saved = configurations.current(acting).json_rules
    shipped = configurations.shipped_rule_names()
    if any(each.name == name for each in saved):
        return configurations.current(acting).json_rule(name).rule.source
    if name not in shipped:
        raise no_rule(name, shipped, (each.name for each in saved))
    return configurations.shipped_rule(name)


def _remembered(acting: Acting, pattern: str) -> _Remembered | None:
    with _guard:
        known = _seasons.get(acting.db.origin)
    return known if known is not None and known.pattern == pattern else None


def _still_newest(acting: Acting, read: SeasonRead) -> bool:
    """Whether it is sure without reading it again that nothing was written since."""
    if not read.reusable:
        return False
    with acting.db.read() as connection:
        if ground(connection, desk=acting.db.desk) != read.ground:
            return False
        return history.newest_version(connection) == read.version


def _remember_folded(acting: Acting, read: SeasonRead) -> None:
    # On a guarded database only what an action changed is kept by whoever did it.
    if acting.db.desk and read.folded and acting.db.writes_automatically:
        # A standby, where nothing can be kept, is read all the same.
        with suppress(Refused), acting.db.transaction() as connection:
            projections.remember_compact(connection, read.folded)


def _named(stored: JsonObject) -> dict[str, tuple[LumiRange, ...]]:
    """Lists by `{run}-{name}`, by run and then by name."""

    def order(item: tuple[str, JsonValue]) -> tuple[int, str]:
        run_number, _, name = item[0].partition("-")
        return int(run_number), name

    named: dict[str, tuple[LumiRange, ...]] = {}
    for key, ranges in sorted(stored.items(), key=order):
        pairs: Sequence[JsonValue] = ranges if isinstance(ranges, list) else []
        named[key] = tuple(
            LumiRange(int(str(pair[0])), int(str(pair[1])))
            for pair in pairs
            if isinstance(pair, list)
        )
    return named
