"""Columns of the run and dataset tables, and their cells made from rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from app.domain.certification.datasets import STATE_SUFFIX, state_key
from app.domain.certification.second_eyes import WHOLE
from app.domain.filters import Field, FieldKind, Source, Vocabulary
from app.domain.json_value import JsonValue
from app.domain.triplets import STATUSES
from app.services.certification.tables import Row, TableKind
from app.views.looks import words
from app.views.widgets.plain import cell
from app.views.widgets.shares import RANKED_STATUSES

_NEEDS_UPDATE = "needs a manual update: OMS changed it after its sign-off"
_OF_STATUS = 48
_SEEN_COMMENTS = 8


class CellKind(Enum):
    """How a cell is painted."""

    TEXT = "text"
    NUMBER = "number"
    RUN = "run"
    STATE = "state"
    FLAG = "flag"
    SHARES = "shares"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows; `shares` are statuses with their lumisections, the worst first."""

    kind: CellKind
    text: str = ""
    tip: str = ""
    shares: tuple[tuple[str, int], ...] = ()
    remarked: bool = False
    running: bool = False
    needs_update: bool = False
    at: datetime | None = None
    verified: bool = False
    frozen: bool = False

    def whole(self, now: datetime) -> str:
        """The tooltip, with the age of a time."""
        return self.tip if self.at is None else f"{self.tip}, {words.ago(self.at, now)}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it shows and how wide it is at first."""

    field: Field
    title: str
    tip: str
    kind: CellKind
    width: int

    @property
    def id(self) -> str:
        """Name under which it is remembered."""
        return self.field.text


@dataclass(frozen=True, slots=True)
class PreparedRow:
    """A row and its cells, in the order of the columns; rows that show the same have one `mark`,
    which is made where there is time for it."""

    key: tuple[int, str]
    row: Row
    cells: tuple[Cell, ...]
    mark: int


_RUN_COLUMNS_BEFORE = (
    Field(Source.RUN),
    Field(Source.RR, "class"),
    Field(Source.RR, "state"),
    Field(Source.RR, "significant"),
    Field(Source.OMS, "start_time"),
    Field(Source.OMS, "ls_duration"),
    Field(Source.OMS, "hlt_key"),
    Field(Source.OMS, "hlt_physics_counter"),
)
_RUN_COLUMNS_AFTER = (Field(Source.OMS, "b_field"), Field(Source.OMS, "clock_type"))
_DATASET_COLUMNS_BEFORE = (Field(Source.RUN), Field(Source.NAME), Field(Source.RR, "class"))
_DATASET_COLUMNS_AFTER = (
    Field(Source.OMS, "ls_duration"),
    Field(Source.RECORDED),
    Field(Source.IN_GUI),
)

_TITLES: Mapping[Field, tuple[str, int]] = {
    Field(Source.RUN): ("Run", 92),
    Field(Source.NAME): ("Dataset", 260),
    Field(Source.IN_GUI): ("In DQM GUI", 120),
    Field(Source.VERIFIED): ("Verified", 120),
    Field(Source.RECORDED): ("Recorded pb⁻¹", 96),
    Field(Source.DELIVERED): ("Delivered pb⁻¹", 100),
    Field(Source.RR, "class"): ("Class", 120),
    Field(Source.RR, "state"): ("State", 88),
    Field(Source.RR, "significant"): ("Significant", 76),
    Field(Source.RR, "stop_reason"): ("Stop reason", 160),
    Field(Source.OMS, "start_time"): ("Started (UTC)", 124),
    Field(Source.OMS, "end_time"): ("Ended (UTC)", 124),
    Field(Source.OMS, "ls_duration"): ("LS", 52),
    Field(Source.OMS, "hlt_key"): ("HLT key", 200),
    Field(Source.OMS, "hlt_physics_counter"): ("HLT events", 92),
    Field(Source.OMS, "b_field"): ("B field", 56),
    Field(Source.OMS, "clock_type"): ("Clock", 56),
    Field(Source.OMS, "fill_number"): ("Fill", 60),
}


def column(field: Field) -> Column:
    """The column that shows a field."""
    title, width = _TITLES.get(field, (field.name or field.source.value, 96))
    tip = f"{field.text}: click to sort"
    match field.source:
        case Source.RUN:
            return Column(field, title, tip, CellKind.RUN, width)
        case Source.COLUMN if not field.part:
            workspace, _, name = field.name.partition("-")
            return Column(field, name or workspace, tip, CellKind.SHARES, _OF_STATUS)
        case Source.BIT:
            short = field.name.removesuffix("_ready")
            return Column(field, short, tip, CellKind.SHARES, _OF_STATUS)
        case Source.RECORDED | Source.DELIVERED:
            return Column(field, title, tip, CellKind.NUMBER, width)
    if field.name == "state" or field.name.endswith("_state"):
        name = field.name.removesuffix("_state")
        of_workspace = f"{name} state" if field.name != "state" else title
        return Column(field, of_workspace, tip, CellKind.STATE, 132 if name == "global" else 96)
    if field == Field(Source.RR, "significant"):
        return Column(field, title, tip, CellKind.FLAG, width)
    numeric = field.name in {"ls_duration", "hlt_physics_counter", "b_field", "fill_number"}
    kind = CellKind.NUMBER if numeric or field.kind is FieldKind.NUMBER else CellKind.TEXT
    return Column(field, title, tip, kind, width)


def default_columns(
    kind: TableKind, workspace: str, status_columns: Sequence[str]
) -> tuple[Column, ...]:
    """What a table shows until a person chooses."""
    statuses = tuple(Field(Source.COLUMN, name) for name in status_columns)
    if kind == "runs":
        fields = (*_RUN_COLUMNS_BEFORE, *statuses, *_RUN_COLUMNS_AFTER)
    else:
        state = Field(Source.DATASET, f"{workspace}_state")
        fields = (*_DATASET_COLUMNS_BEFORE, state, *_DATASET_COLUMNS_AFTER, *statuses)
    return tuple(map(column, fields))


def known_columns(
    vocabulary: Vocabulary, defaults: Iterable[Column]
) -> dict[str, tuple[Column, str]]:
    """Every column that can be chosen, by id, with its detail."""
    columns = {default.id: (default, "") for default in defaults}
    for known in vocabulary.fields:
        if not known.field.part:
            known_column = column(known.field)
            columns[known_column.id] = (known_column, known.detail)
    return columns


def other_states(vocabulary: Vocabulary, workspace: str) -> list[Column]:
    """Columns of the states in all workspaces but one."""
    names = {
        each.field.name
        for each in vocabulary.fields
        if each.field.source is Source.DATASET and each.field.name.endswith(STATE_SUFFIX)
    }
    return [column(Field(Source.DATASET, name)) for name in sorted(names - {state_key(workspace)})]


def prepare_row(row: Row, columns: Sequence[Column]) -> PreparedRow:
    """The cells of a row."""
    cells = tuple(_cell(row, each) for each in columns)
    return PreparedRow(row.key, row, cells, hash((row.key, cells)))


def copied(cell: Cell) -> str:
    """What a cell gives to a spreadsheet: numbers without blanks, counts of statuses in words."""
    if cell.shares:
        return ", ".join(f"{status} {count}" for status, count in cell.shares)
    if cell.kind is CellKind.NUMBER:
        return cell.tip.removesuffix(" pb⁻¹")
    return cell.text


def field_value(row: Row, field: Field) -> JsonValue:
    """What a row holds for a field; None also where it has nothing."""
    match field.source:
        case Source.RUN:
            return row.run_number
        case Source.NAME:
            return row.name
        case Source.IN_GUI:
            return list(row.datasets_in_gui)
        case Source.VERIFIED:
            return [mark.workspace for mark in row.marks] or None
        case Source.RECORDED:
            return row.recorded_luminosity
        case Source.DELIVERED:
            return row.delivered_luminosity
        case Source.OMS:
            return row.oms_attributes.get(field.name)
        case Source.RR:
            return row.rr_attributes.get(field.name)
        case Source.DATASET:
            return row.dataset_attributes.get(field.name)
        case Source.COLUMN:
            whole = (row.triplet_summary or {}).get(field.name)
        case Source.BIT:
            whole = (row.dcs_summary or {}).get(field.name)
    return whole.get(field.part) if field.part and isinstance(whole, dict) else whole


def _cell(row: Row, column: Column) -> Cell:
    value = field_value(row, column.field)
    if column.kind is CellKind.RUN:
        return _run_cell(row)
    if column.kind is CellKind.SHARES:
        return _shares_cell(row, column, value)
    if value is None:
        return Cell(column.kind)
    if column.kind is CellKind.FLAG:
        return Cell(CellKind.FLAG, "yes" if value is True else "", column.field.text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if column.field.source in (Source.RECORDED, Source.DELIVERED):
            return Cell(CellKind.NUMBER, words.luminosity(value), f"{value} pb⁻¹")
        return Cell(CellKind.NUMBER, words.number(value), str(value))
    text = words.value(value)
    if column.field.source is Source.VERIFIED:
        return Cell(column.kind, cell(text), "\n".join(mark.words for mark in row.marks))
    if column.field.name.endswith("_time") and isinstance(value, str):
        at = words.moment(value)
        if at is not None:
            return Cell(CellKind.TEXT, f"{at:%Y-%m-%d %H:%M}", value, at=at)
    if column.kind is CellKind.STATE:
        return _state_cell(row, column.field.name.removesuffix(STATE_SUFFIX), text)
    return Cell(column.kind, cell(text), text)


def _state_cell(row: Row, workspace: str, state: str) -> Cell:
    """A state, with the mark of who verified it there, or all of the dataset."""
    marks = [mark.words for mark in row.marks if mark.workspace in {workspace, WHOLE}]
    tips = [state, *marks]
    if row.frozen_in:
        tips.append(f"in cycle {row.frozen_in}, which is frozen")
    return Cell(
        CellKind.STATE,
        cell(state),
        "\n".join(tips),
        verified=bool(marks),
        frozen=bool(row.frozen_in),
    )


def _run_cell(row: Row) -> Cell:
    running = row.oms_attributes.get("end_time", "") is None
    tips = [f"Run {row.run_number}"]
    if running:
        tips.append("is taking data: OMS has no end time for it yet")
    if row.needs_manual_update:
        tips.append(_NEEDS_UPDATE)
    return Cell(
        CellKind.RUN,
        str(row.run_number),
        "\n".join(tips),
        running=running,
        needs_update=row.needs_manual_update,
    )


def _shares_cell(row: Row, column: Column, value: JsonValue) -> Cell:
    field = column.field
    if not isinstance(value, dict):
        of_run = field.source is Source.COLUMN and row.rr_attributes.get("significant") is not True
        if of_run:
            return Cell(CellKind.SHARES, "–", "not significant: its columns are not classified")
        outdated = row.triplet_summary is None
        tip = "being computed" if outdated else f"{field.name} has no lumisections in this run"
        return Cell(CellKind.SHARES, "…" if outdated else "", tip)
    if field.source is Source.BIT:
        shares = _bit_shares(value)
        tip = ", ".join(f"{name.lower()} in {value.get(name, 0)} LS" for name in value)
        return Cell(CellKind.SHARES, "", f"{field.name}\n{tip}", shares)
    counts = {
        status: count
        for status, count in value.items()
        if status not in ("comments", "causes") and isinstance(count, int) and count > 0
    }
    ranked = sorted(counts.items(), key=lambda each: -_rank(each[0]))
    lines = [field.name, ", ".join(f"{status} in {count} LS" for status, count in ranked)]
    comments = _texts(value.get("comments"))
    lines += comments[:_SEEN_COMMENTS]
    if len(comments) > _SEEN_COMMENTS:
        lines.append(f"and {len(comments) - _SEEN_COMMENTS} more comments")
    causes = _texts(value.get("causes"))
    if causes:
        lines.append(f"causes: {', '.join(causes)}")
    return Cell(
        CellKind.SHARES, "", "\n".join(lines), tuple(ranked), remarked=bool(comments or causes)
    )


def _bit_shares(value: Mapping[str, JsonValue]) -> tuple[tuple[str, int], ...]:
    """A bit's counts in the colours of the statuses: false is bad, unknown is empty."""
    meanings = (("FALSE", "BAD"), ("EMPTY", "EMPTY"), ("NULL", "NO VALUE FOUND"), ("TRUE", "GOOD"))
    shares = []
    for name, status in meanings:
        count = value.get(name)
        if isinstance(count, int) and count > 0:
            shares.append((status, count))
    return tuple(shares)


def _texts(value: JsonValue) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _rank(status: str) -> int:
    return RANKED_STATUSES.index(status) if status in STATUSES else len(RANKED_STATUSES)
