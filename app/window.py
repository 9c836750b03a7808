"""The window's backend: the services of this process, the puller and the news of the database."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from app.domain.attribute_history import HistoryEntry as Entry
from app.domain.change_words import attribute_line, lumisection_line, value_text
from app.domain.configuration import CERTIFIABLE_OFFLINE_COLUMNS, CERTIFIABLE_ONLINE_COLUMNS
from app.domain.edits import BitEdit, ColumnEdit
from app.domain.errors import Refused, Unavailable
from app.domain.filters import Vocabulary
from app.domain.history import Action
from app.domain.identity import Actor
from app.domain.json_value import JsonValue, js_stringify
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.oms import OmsRun
from app.domain.pull import PullState, PullStatus
from app.domain.triplets import Triplet
from app.golden.progress import Cancelled
from app.models.engine import Database
from app.models.generated_json import JsonEntry
from app.models.listen import Change
from app.models.table_pages import Page, Sort, TableQuery
from app.services import (
    configuration,
    datasets,
    golden,
    history,
    lumisections,
    pull,
    runs,
    tables,
    undo,
)
from app.services.edit_plan import where
from app.sync.worker import PullLoop
from app.views import backend as window

_LINES_SHOWN = 3
_FETCH_S = 120.0
_LISTED = 50


class ServiceBackend:
    """What the window asks for, answered by the services; `window.Backend` in structure."""

    def __init__(self, db: Database, actor: Actor, session: window.Session) -> None:
        self._db = db
        self._actor = actor
        self._session = session
        self._puller: PullLoop | None = None
        self._guard = threading.Lock()
        self._on_change: dict[int, Callable[[window.Change], None]] = {}
        self._on_connection: dict[int, Callable[[bool, str], None]] = {}
        self._subscriptions = 0

    def use_puller(self, puller: PullLoop) -> None:
        """The puller that is asked for fresh answers and for what it does."""
        self._puller = puller

    def session(self) -> window.Session:
        return self._session

    # News

    def subscribe(
        self,
        on_change: Callable[[window.Change], None],
        on_connection: Callable[[bool, str], None],
    ) -> Callable[[], None]:
        with self._guard:
            self._subscriptions += 1
            number = self._subscriptions
            self._on_change[number] = on_change
            self._on_connection[number] = on_connection

        def end() -> None:
            with self._guard:
                self._on_change.pop(number, None)
                self._on_connection.pop(number, None)

        return end

    def changed(self, change: Change) -> None:
        """Something was written to the database, by anybody."""
        if change.presence is not None:
            return
        touched: frozenset[int] = frozenset()
        if change.atomic_version is not None:
            touched = tables.runs_of_version(self._db, change.atomic_version)
        with self._guard:
            listening = list(self._on_change.values())
        for tell in listening:
            tell(window.Change(touched))

    def connected(self, live: bool, reason: str) -> None:
        """The connection to the database was lost, or is back."""
        with self._guard:
            listening = list(self._on_connection.values())
        for tell in listening:
            tell(live, reason)

    # Tables

    def workspaces(self, kind: window.TableKind) -> Sequence[window.WorkspaceColumns]:
        current = configuration.current(self._db)
        online = kind == "runs"
        certifiable = CERTIFIABLE_ONLINE_COLUMNS if online else CERTIFIABLE_OFFLINE_COLUMNS
        return [
            window.WorkspaceColumns("global", tuple(certifiable)),
            *(
                window.WorkspaceColumns(each.name, each.columns)
                for each in sorted(current.workspaces, key=lambda each: each.name)
                if each.online is online and each.name != "global"
            ),
        ]

    def vocabulary(self, kind: window.TableKind) -> Vocabulary:
        del kind  # one set of words serves both tables
        return tables.vocabulary(self._db)

    def page(self, request: window.PageRequest) -> Page:
        page_of = tables.runs_page if request.kind == "runs" else tables.datasets_page
        return page_of(
            self._db,
            TableQuery(
                request.kind,
                request.filter,
                tuple(Sort(each.field, each.descending) for each in request.sort),
                request.offset,
                request.limit,
                request.significant_only,
                request.workspace,
            ),
        )

    # Runs and datasets

    def run_details(self, run_number: int) -> window.RunDetails:
        found = tables.run_details(self._db, run_number)
        shown = [each for each in found.datasets if not each.deleted]
        shown.sort(key=lambda each: (each.name != window.ONLINE, each.name))
        return window.RunDetails(
            run_number,
            found.row.oms_attributes,
            found.row.rr_attributes,
            tuple(each.name for each in shown),
            {each.name: each.dataset_attributes for each in shown},
        )

    def run_history(self, run_number: int) -> Sequence[window.HistoryEntry]:
        return [_history_entry(each) for each in tables.run_history(self._db, run_number)]

    def lumisections(self, run_number: int, dataset: str) -> window.DatasetLumisections:
        found = history.look(self._db, run_number, dataset)
        return window.DatasetLumisections(found.state, found.by_hand)

    def origin(
        self, run_number: int, dataset: str, key: str, lumisection: int
    ) -> window.Origin | None:
        found = history.origin(self._db, run_number, dataset, key, lumisection)
        if found is None:
            return None
        return window.Origin(found.action.author, found.action.at, found.action.comment)

    def classes(self) -> Sequence[str]:
        current = configuration.current(self._db)
        return sorted({each.class_ for each in current.class_classifiers})

    def mark_significant(self, run_number: int) -> str:
        outcome = runs.mark_significant(
            self._db, self._actor, run_number, self._answer_of_oms(run_number)
        )
        return f"Marked run {run_number} significant. {outcome.text}"

    def edit_run(self, run_number: int, attribute: str, value: JsonValue) -> str:
        changed = runs.edit_attribute(self._db, self._actor, run_number, attribute, value)
        shown = value if isinstance(value, str) else js_stringify(value)
        if not changed:
            return f"{attribute} of run {run_number} is {shown} by hand already."
        return f"Set {attribute} of run {run_number} to {shown}."

    def settle_manual_update(self, run_number: int) -> str:
        if runs.settle_manual_update(self._db, self._actor, run_number):
            return f"Run {run_number}: what OMS changed is dealt with."
        return f"Run {run_number} needs no manual update."

    def refresh(self, run_number: int) -> str:
        return self._refresh(run_number, reset=False)

    def reset_and_refresh(self, run_number: int) -> str:
        return self._refresh(run_number, reset=True)

    def _refresh(self, run_number: int, *, reset: bool) -> str:
        answer = self._answer_of_oms(run_number)
        outcome = runs.refresh(self._db, self._actor, run_number, answer, reset=reset)
        where = "" if answer is not None else " From what is recorded: OMS can't be asked now."
        return outcome.text + where

    def move_run(self, run_number: int, from_state: str, to_state: str) -> str:
        return runs.move(self._db, self._actor, run_number, to_state, from_state=from_state).text

    def move_datasets(
        self,
        keys: Sequence[tuple[int, str]],
        workspace: str,
        from_state: str | None,
        to_state: str,
    ) -> str:
        return datasets.move(
            self._db, self._actor, keys, workspace, to_state, from_state=from_state
        ).text

    def edit_lumisections(self, edit: ColumnEdit) -> str:
        return lumisections.edit_columns(self._db, self._actor, [edit]).text

    def edit_dcs_bit(self, edit: BitEdit, comment: str) -> str:
        return lumisections.edit_bits(self._db, self._actor, [edit], comment=comment).text

    def preview_undo(self, atomic_version: int) -> window.UndoPreview:
        return _undo_preview(undo.preview(self._db, self._actor, atomic_version))

    def undo(self, atomic_version: int, *, leave_out_refused: bool = False) -> str:
        return undo.undo(
            self._db, self._actor, atomic_version, leave_out_refused=leave_out_refused
        ).text

    def _answer_of_oms(self, run_number: int) -> OmsRun | None:
        """What OMS says now; None when it can't be asked, then what is recorded serves."""
        if self._puller is None:
            return None
        try:
            return self._puller.fetch(run_number).result(_FETCH_S)
        except (Unavailable, TimeoutError):
            return None

    # Golden JSON

    def golden_configurations(self) -> Sequence[window.GoldenConfiguration]:
        saved = [
            window.GoldenConfiguration(name, rule.source, shipped=False, created_by=by)
            for name, rule, by in golden.rules(self._db)
        ]
        known = {each.name for each in saved}
        return [
            *(
                window.GoldenConfiguration(name, configuration.shipped_rule(name), shipped=True)
                for name in configuration.shipped_rule_names()
                if name not in known
            ),
            *saved,
        ]

    def matching_datasets(self, pattern: str) -> window.MatchingDatasets:
        found = golden.names_matching(self._db, pattern)
        return window.MatchingDatasets(
            tuple(name for name, _ in found), sum(number for _, number in found)
        )

    def generate_golden(
        self,
        request: window.GoldenRequest,
        progress: Callable[[window.Progress], None],
        is_cancelled: Callable[[], bool],
    ) -> int | None:
        try:
            return golden.generate(
                self._db,
                self._actor,
                request.pattern,
                request.rule,
                tags=request.tags,
                official=request.official,
                progress=partial(_tell_progress, progress),
                cancelled=is_cancelled,
            ).id
        except Cancelled:
            return None

    def golden_list(
        self, which: window.GoldenList, before: int | None
    ) -> Sequence[window.GoldenEntry]:
        mine = which is window.GoldenList.MINE
        found = golden.entries(
            self._db,
            created_by=self._actor.email if mine else None,
            official=which is window.GoldenList.OFFICIAL,
            before=before,
            limit=_LISTED,
        )
        return [_golden_entry(each) for each in found]

    def golden_row(self, id_: int) -> window.GoldenResult:
        stored = golden.row(self._db, id_)
        texts = golden.texts(stored)
        return window.GoldenResult(
            _golden_entry(stored.entry),
            stored.entry.version,
            js_stringify(stored.json_logic),
            texts.golden,
            texts.with_dataset_names,
            texts.anti,
            texts.anti_with_dataset_names,
            stored.luminosity["delivered_luminosity_in_json"],
            stored.luminosity["total_recorded_luminosity"],
            stored.luminosity["total_delivered_luminosity"],
        )

    # The puller

    def pull_status(self) -> PullStatus:
        return PullStatus() if self._puller is None else self._puller.status

    def pull_now(self, run_number: int | None = None) -> str:
        if self._puller is None:
            raise Refused("Pulling is switched off in the settings.")
        if run_number is not None:
            answer = self._puller.fetch(run_number).result(_FETCH_S)
            return pull.apply(self._db, answer).text
        if self._puller.status.state is PullState.STANDBY:
            return f"{self._puller.status.puller or 'Another client'} pulls."
        self._puller.wake()
        return "Asking OMS."


def _history_entry(entry: Entry) -> window.HistoryEntry:
    lines = [
        *map(attribute_line, entry.attributes),
        *map(lumisection_line, entry.lumisections),
    ]
    what = "; ".join(lines[:_LINES_SHOWN])
    if len(lines) > _LINES_SHOWN:
        what += f"; and {len(lines) - _LINES_SHOWN} more"
    return window.HistoryEntry(
        entry.version, entry.at, entry.author, entry.comment, what, "\n".join(lines), entry.manual
    )


def _undo_preview(found: undo.Preview) -> window.UndoPreview:
    summary = f"Undo {found.text}."
    if found.by_hand:
        summary += " Automatic values come back as your word: later automatic ones don't show."
    restored = [
        f"{_cells(part.dataset, part.run_number, each.key, each.ranges)}:"
        f" {_shown(each.now)} -> {_shown(each.restored)}"
        for part in found.parts
        for each in part.cells.restored
    ]
    restored += [
        f"{_attribute(of, each.name)}: {_shown(each.now)} -> {_shown(each.restored)}"
        for of in found.attributes
        for each in of.attributes.restored
    ]
    restored += [
        f"{where(each.run_number, each.dataset)}: {'hidden' if each.hide else 'shown again'}"
        for each in found.visibility
    ]
    since = [
        f"{_cells(part.dataset, part.run_number, each.key, each.ranges)}:"
        f" {_shown(each.now)}, {_by(found.authors, each.version)}"
        for part in found.parts
        for each in part.cells.changed_since
    ]
    since += [
        f"{_attribute(of, each.name)}: {_shown(each.now)}, {_by(found.authors, each.version)}"
        for of in found.attributes
        for each in of.attributes.changed_since
    ]
    return window.UndoPreview(
        found.undone.version,
        summary,
        tuple(restored),
        tuple(since),
        tuple(found.kept),
        tuple(f"{each.what}: {each.reason}" for each in found.refused),
    )


def _cells(dataset: str, run_number: int, key: str, ranges: Sequence[LumiRange]) -> str:
    return f"{key} of {where(run_number, dataset)}, LS {format_ranges(ranges)}"


def _attribute(of: undo.AttributesOf, name: str) -> str:
    return f"{name} of {where(of.run_number, of.dataset or window.ONLINE)}"


def _shown(value: "Triplet | JsonValue") -> str:
    if isinstance(value, Triplet):
        return " ".join(filter(None, value)) or "no status"
    return value_text(value)


def _by(authors: Mapping[int, Action], version: int) -> str:
    author = authors.get(version)
    return f"version {version}" if author is None else f"version {version} by {author.author}"


def _golden_entry(entry: JsonEntry) -> window.GoldenEntry:
    return window.GoldenEntry(
        entry.id,
        entry.dataset_name_filter,
        entry.created_by,
        entry.created_at,
        entry.official,
        entry.tags,
        entry.runs,
        entry.lumisections,
        entry.recorded_in_json,
    )


def _tell_progress(tell: Callable[[window.Progress], None], share: float) -> None:
    tell(
        window.Progress(
            "Reading the state" if share < 0.6 else "Applying the rule", round(100 * share), 100
        )
    )
