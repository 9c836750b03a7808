"""What people wait for on a database of ten years, each as one call."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from app.domain import filters
from app.domain.errors import Refused
from app.domain.history.log import Kind, LogQuery, Position, Who
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.domain.notification_choice import Choice
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.lists.tables.query import Sort, TableQuery
from app.models.statements import text
from app.services import examining
from app.services.acting import Acting
from app.services.certification import cycles, datasets, second_eyes, tables, todo
from app.services.configuration import in_force as configuration
from app.services.editing import lumisections
from app.services.golden import generation, lists
from app.services.history import log, log_details, look, moments, undo
from app.services.notifications import looking as news
from app.services.notifications.looking import Told
from app.services.notifications.waiting import waiting
from app.services.pulling import runs as pull
from app.services.recount import recounting
from app.services.reports import call, shift
from app.services.reports.moment import ReportMoment
from app.services.taking_in import Intake
from benchmarks.chain import EXPERT, answer

YEAR = 2022
PAGE_MS, WORK_MS = 50.0, 100.0

# Each with the sorts of the tables of the window: none, an OMS attribute, a column's share.
RUN_FILTERS = (
    "",
    "run > 300000",
    f"class = Collisions{YEAR - 2000}",
    "class ~ Cosmics%",
    "state = OPEN",
    "significant = true and energy > 6000",
    'hlt_key ~ "%v1.7/%"',
    "dt-dt.BAD > 0",
    "ecal-ecal.BAD > 100 or hcal-hcal = BAD",
    "ls_duration > 1400",
    "dtm_ready.FALSE > 0",
    "start_time > 2024-01-01",
    "stop_reason = nothing",
)
DATASET_FILTERS = (
    "",
    "name ~ %PromptReco%",
    f"class = Collisions{YEAR - 2000}",
    f"name ~ %Collisions{YEAR - 2000}% and dt_state = OPEN",
    "global_state = SIGNOFF",
    "tracker-pixel = BAD",
    "tracker-pixel.BAD > 500",
    "hbhea_ready.FALSE > 0",
    "run = 326000 or dt-dt.BAD > 600 or energy < 1",
    "recorded > 200",
    "name = /Nothing/Like/DQM",
)
SORTS = ("", "ls_duration", "dt-dt")


@dataclass(frozen=True)
class Operation:
    """One call, and how long it may take [ms]; `changes` the database or what is remembered."""

    name: str
    action: Callable[[], object]
    target: float
    times: int = 20


def operations(db: Database) -> Iterator[Operation]:
    """All of them, on what the database holds."""
    acting, expert = Acting(db), Acting(db, EXPERT)
    at = _Landmarks.of(db)
    yield from _pages(acting)
    yield from _log(acting, at)
    yield from _histories(acting, at)
    yield from _told(expert, at)
    yield from _reports(acting, at)
    yield from _golden(expert)
    yield from _writes(acting, expert, at)


@dataclass(frozen=True)
class _Landmarks:
    """Rows in the middle of the ten years."""

    run: int
    dataset: str
    version: int
    newest_run: int
    newest_version: int
    by_person: int
    cycle: int

    @classmethod
    def of(cls, db: Database) -> "_Landmarks":
        with db.read() as connection:
            found = connection.execute(
                text(
                    """
                    SELECT run_number, name, version0 + 3,
                        (SELECT max(run_number) FROM "Run"),
                        (SELECT max(atomic_version) FROM "Version"), version0 + 19,
                        (SELECT max(id_cycle) / 2 FROM "Cycle")
                    FROM made.dataset WHERE k = 2 AND n = (SELECT max(n) / 2 FROM made.run)
                    """
                )
            ).one()
        return cls(*found)


def _pages(acting: Acting) -> Iterator[Operation]:
    for kind, wanted in (("runs", RUN_FILTERS), ("datasets", DATASET_FILTERS)):
        words = tables.vocabulary(acting)
        for condition, order in itertools.product(wanted, SORTS):
            sort = (Sort(filters.field_of(order), descending=True),) if order else ()
            query = TableQuery(kind, filters.parse(condition, words), sort, limit=50)  # type: ignore[arg-type]
            name = f"{kind}: {condition or 'all'}{order and ' by ' + order}"
            yield Operation(name, partial(tables.rows_at_once, acting, query), PAGE_MS, times=16)
            if kind == "datasets" and order:
                # The window asks for it as soon as the rows are there.
                number = partial(tables.number_of_rows, acting, query)
                yield Operation(f"how many {name}", number, WORK_MS, times=16)
    yield Operation("words that filters know", partial(tables.vocabulary, acting), PAGE_MS)


def _log(acting: Acting, at: _Landmarks) -> Iterator[Operation]:
    person = "person17@cern.ch"
    queries: tuple[tuple[str, LogQuery, Position | None], ...] = (
        ("newest", LogQuery(), None),
        ("from the middle on", LogQuery(), Position(version=at.version)),
        ("a run", LogQuery(run=at.run), None),
        ("a dataset of a run", LogQuery(run=at.run, dataset=at.dataset), None),
        ("an author", LogQuery(author=person), None),
        ("a part of a name", LogQuery(author="person17"), None),
        ("an agent", LogQuery(author="pixel-autoencoder"), None),
        ("people", LogQuery(who=Who.PEOPLE), None),
        ("an author in a run", LogQuery(run=at.run, author=person), None),
        ("datasets of a name", LogQuery(dataset=at.dataset), None),
        ("columns", LogQuery(kinds=frozenset({Kind.LUMISECTIONS})), None),
        (
            "columns, by people",
            LogQuery(kinds=frozenset({Kind.LUMISECTIONS}), who=Who.PEOPLE),
            None,
        ),
        ("a day", LogQuery(until=datetime(2020, 6, 1, tzinfo=UTC)), None),
        ("words", LogQuery(words="edited"), None),
        ("words that nobody wrote: one look", LogQuery(words="needle"), None),
    )
    for name, query, position in queries:
        yield Operation(f"log: {name}", partial(log.page, acting, query, position), PAGE_MS)
    opened = partial(log_details.open_version, acting, at.by_person)
    yield Operation("log: a version, opened", opened, PAGE_MS)


def _histories(acting: Acting, at: _Landmarks) -> Iterator[Operation]:
    key = (at.run, at.dataset)
    for name, action in (
        ("history of a run", partial(look.run_history_of, acting, at.run)),
        ("history of a dataset", partial(look.dataset_history, acting, *key)),
        ("history of online", partial(look.dataset_history, acting, at.run, ONLINE)),
        ("moments of a dataset", partial(moments.moments, acting, *key)),
        ("who set a cell", partial(look.origin, acting, *key, "dt-dt", 5)),
        ("a dataset opened", partial(lumisections.dataset_state, acting, *key)),
        ("a dataset as of then", partial(look.look, acting, *key, as_of=at.by_person)),
        ("details of a run", partial(tables.run_details, acting, at.run)),
        ("details of a dataset", partial(tables.dataset_details, acting, *key)),
        ("undo, previewed", partial(undo.preview, acting, at.by_person)),
        ("newest to undo", partial(_or_nothing, undo.newest_to_undo, Acting(acting.db, EXPERT))),
        ("cycles", partial(cycles.all_cycles, acting)),
        ("a cycle", partial(cycles.cycle, acting, at.cycle)),
        ("datasets of a cycle", partial(cycles.datasets, acting, at.cycle)),
        ("history of a cycle", partial(cycles.history, acting, at.cycle)),
        ("to do of one cycle", partial(todo.todo, acting, todo.TodoScope(cycle=at.cycle))),
        ("lists, newest", partial(generation.entries, acting)),
        ("lists with words", partial(generation.entries, acting, words="golden 77")),
        ("a list", partial(lists.of_database, acting, 70)),
        ("the database, examined", partial(examining.examine, acting.db)),
        ("how complete it is", partial(recounting.standing, acting)),
        ("what is counted next", partial(recounting.due, acting, 100)),
        ("nothing to take in", Intake(acting.db).take_in),
    ):
        yield Operation(name, action, PAGE_MS)


def _told(expert: Acting, at: _Landmarks) -> Iterator[Operation]:
    """What a window looks for all the time, and after it was closed for long."""
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    for name, behind in (("a moment", 20), ("2,000 versions", 2_000)):
        before = Told(long_ago, at.newest_version - behind, 0, 0, frozenset())
        yield Operation(
            f"what happened since {name}",
            partial(news.look, expert, Choice(), before),
            500,
            times=5,
        )
    yield Operation("what waits", partial(waiting, expert, Choice()), 500, times=5)


def _reports(acting: Acting, at: _Landmarks) -> Iterator[Operation]:
    noon = datetime(YEAR, 7, 1, 12, tzinfo=UTC)
    period = shift.Period(noon, noon + timedelta(hours=8))
    moment = ReportMoment(at.newest_version, noon)
    keys = ((at.run, at.dataset),)
    rule = call.NamedRule("golden", configuration.shipped_rule("golden"))
    yield Operation(
        "report of a shift", partial(shift.report, acting, moment, period), 1000, times=3
    )
    yield Operation(
        "report of a cycle",
        partial(call.report, acting, moment, (rule,), cycle=at.cycle),
        1000,
        times=3,
    )
    yield Operation("who verified a dataset", partial(second_eyes.marks, acting, keys), PAGE_MS)
    yield Operation("frozen cycles", partial(second_eyes.freezes, acting), PAGE_MS)


def _golden(expert: Acting) -> Iterator[Operation]:
    pattern = f"/PromptReco/Collisions{YEAR - 2000}%/DQM"
    rule = configuration.shipped_rule("golden")
    generate = partial(generation.preview, expert, pattern, rule)

    def cold() -> None:
        generation.forget_seasons(expert)
        generate()

    yield Operation("golden JSON of a year's prompt datasets, cold", cold, 8_000, times=2)
    yield Operation("golden JSON of a year's prompt datasets", generate, 2_000, times=4)
    everything = partial(generation.preview, expert, f"%{YEAR - 2000}%/DQM", rule)
    yield Operation("golden JSON of all datasets of a year, cold", everything, 8_000, times=1)
    yield Operation("golden JSON of all datasets of a year", everything, 2_000, times=3)


def _writes(acting: Acting, expert: Acting, at: _Landmarks) -> Iterator[Operation]:
    numbers = itertools.count(at.newest_run + 1)
    comments = itertools.count()

    def edit(length: int) -> None:
        value = Triplet("BAD", f"HV trip {next(comments)}")
        wanted = lumisections.ColumnEdit(
            at.run, at.dataset, "dt-dt", (LumiRange(5, 4 + length),), value
        )
        lumisections.edit_columns(expert, [wanted])

    def undo_newest() -> None:
        edit(20)
        undo.undo(expert, undo.newest_to_undo(expert).version)

    def state() -> str:
        return tables.states(acting, [(at.run, at.dataset)], "dt")[at.run, at.dataset]

    def move() -> None:
        to_state = "COMPLETED" if state() == "OPEN" else "OPEN"
        datasets.move(expert, [(at.run, at.dataset)], "dt", to_state)

    def create() -> None:
        pull.apply(acting, answer(next(numbers)))

    if state() != "OPEN":
        move()
    yield Operation("edit 20 LS of one column", partial(edit, 20), 20)
    yield Operation("edit 60 LS of one column", partial(edit, 60), 20)
    yield Operation("an edit undone", undo_newest, WORK_MS)
    yield Operation("state of a dataset", move, PAGE_MS)
    yield Operation("a run of 700 LS created", create, 300, times=5)


def _or_nothing(action: Callable[[Acting], object], acting: Acting) -> object:
    try:
        return action(acting)
    except Refused:
        return None
