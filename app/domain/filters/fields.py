"""What a filter can ask about: run, dataset, attribute, status column or DCS bit."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from app.domain.errors import BadInput
from app.domain.triplets import STATUSES


class Source(StrEnum):
    """Where the value of a field comes from; the value is the word that names it in a filter."""

    RUN = "run"
    NAME = "name"
    IN_GUI = "in_gui"
    VERIFIED = "verified"
    RECORDED = "luminosity"
    DELIVERED = "delivered_luminosity"
    OMS = "oms"
    RR = "rr"
    DATASET = "dataset"
    COLUMN = "column"
    BIT = "dcs"


class FieldKind(StrEnum):
    """What the values of a field are, which decides how they can be compared."""

    NUMBER = "number"
    TEXT = "text"
    STATUS = "status"
    FLAG = "flag"
    LIST = "list"
    ATTRIBUTE = "attribute"


ATTRIBUTE_SOURCES = frozenset({Source.OMS, Source.RR, Source.DATASET})
COUNTED_SOURCES = frozenset({Source.COLUMN, Source.BIT})
LIST_SOURCES = frozenset({Source.IN_GUI, Source.VERIFIED})
BIT_COUNTS = ("TRUE", "FALSE", "NULL", "EMPTY")
REMARKS = ("comments", "causes")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RR_ATTRIBUTES = _words(
    "class state significant stop_reason short_run run_needs_to_be_updated_manually"
)
OMS_ATTRIBUTES = _words(
    """
    b_field beams_present_and_stable clock_type cmssw_version components delivered_lumi duration
    end_lumi end_time energy era fill_number fill_type_party1 fill_type_party2 fill_type_runtime
    hlt_key hlt_physics_counter hlt_physics_rate hlt_physics_size hlt_physics_throughput init_lumi
    initial_prescale_index injection_scheme l1_hlt_mode l1_hlt_mode_stripped l1_key l1_key_stripped
    l1_menu l1_rate l1_triggers_counter last_lumisection_number last_update ls_duration
    recorded_lumi sequence stable_beam start_time tier0_transfer trigger_mode
    """
)
BITS = _words(
    """
    beam1_present beam1_stable beam2_present beam2_stable bpix_ready castor_ready cms_active
    cscm_ready cscp_ready dt0_ready dtm_ready dtp_ready ebm_ready ebp_ready eem_ready eep_ready
    esm_ready esp_ready fpix_ready gemm_ready gemp_ready hbhea_ready hbheb_ready hbhec_ready
    hf_ready ho_ready physics_flag rp_sect_45_ready rp_sect_56_ready rp_time_ready rpc_ready
    tecm_ready tecp_ready tibtid_ready tob_ready zdc_ready
    """
)
KEYWORDS = _words("and or not in between like notlike contains is null true false")

_PREFIXES = {
    "oms": Source.OMS,
    "oms_attributes": Source.OMS,
    "rr": Source.RR,
    "rr_attributes": Source.RR,
    "dataset": Source.DATASET,
    "dataset_attributes": Source.DATASET,
    "column": Source.COLUMN,
    "triplet_summary": Source.COLUMN,
    "dcs": Source.BIT,
    "dcs_summary": Source.BIT,
}
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_SEGMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^."]*)', re.DOTALL)
_NEAREST = 3


def is_storable(text: str) -> bool:
    """Whether the database can hold the text at all."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def _part(given: "Field", allowed: tuple[str, ...]) -> str:
    part = given.part
    if not part:
        return part
    for each in allowed:
        if part.replace("_", " ").casefold() == each.casefold():
            return each
    what = " or ".join(each.replace(" ", "_") for each in allowed)
    raise BadInput(f'"{given.name}" has no part "{part}"; expected {what}.')


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a run or dataset; `part` is a status of a column or a state of a DCS bit."""

    source: Source
    name: str = ""
    part: str = ""

    def __post_init__(self) -> None:
        if self.source is Source.COLUMN:
            object.__setattr__(self, "part", _part(self, (*STATUSES, *REMARKS)))
        elif self.source is Source.BIT:
            object.__setattr__(self, "part", _part(self, BIT_COUNTS))
        elif self.part:
            raise BadInput(f'"{self.name}" has no part "{self.part}".')
        if not is_storable(self.name):
            raise BadInput("A name can't hold a NUL character or half a surrogate pair.")

    @property
    def kind(self) -> FieldKind:
        """How its values compare."""
        if self.source in ATTRIBUTE_SOURCES:
            return FieldKind.ATTRIBUTE
        if self.source in LIST_SOURCES or self.part in REMARKS:
            return FieldKind.LIST
        if self.source is Source.NAME:
            return FieldKind.TEXT
        if self.source is Source.COLUMN and not self.part:
            return FieldKind.STATUS
        if self.source is Source.BIT and not self.part:
            return FieldKind.FLAG
        return FieldKind.NUMBER

    @property
    def text(self) -> str:
        """The shortest text that always means this field, whatever the vocabulary."""
        if self.source not in ATTRIBUTE_SOURCES and self.source not in COUNTED_SOURCES:
            return self.source.value
        part = f".{self.part.replace(' ', '_')}" if self.part else ""
        if _is_plain(self.name) and _meaning_of_bare(self.name) == (self.source, self.name):
            return self.name + part
        return f"{self.source.value}.{_segment(self.name)}{part}"

    @property
    def whole(self) -> "Field":
        """The column or bit that this is a count of; else the field itself."""
        return Field(self.source, self.name) if self.part else self


RUN = Field(Source.RUN)
NAME = Field(Source.NAME)
IN_GUI = Field(Source.IN_GUI)
VERIFIED = Field(Source.VERIFIED)
RECORDED = Field(Source.RECORDED)
DELIVERED = Field(Source.DELIVERED)
LS_DURATION = Field(Source.OMS, "ls_duration")

_SHORT_WORDS: Mapping[str, Field] = {
    "run": RUN,
    "run_number": RUN,
    "name": NAME,
    "dataset": NAME,
    "in_gui": IN_GUI,
    "datasets_in_gui": IN_GUI,
    "verified": VERIFIED,
    "luminosity": RECORDED,
    "lumi": RECORDED,
    "recorded": RECORDED,
    "recorded_luminosity": RECORDED,
    "delivered": DELIVERED,
    "delivered_luminosity": DELIVERED,
    "ls": LS_DURATION,
    "fill": Field(Source.OMS, "fill_number"),
    "needs_update": Field(Source.RR, "run_needs_to_be_updated_manually"),
    **{name: Field(Source.RR, name) for name in RR_ATTRIBUTES},
}


class KnownField(NamedTuple):
    """A field that exists, with what completion says about it and the values that occur."""

    field: Field
    detail: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The fields that exist, for completion and for telling a misspelt name from an unusual one."""

    fields: tuple[KnownField, ...]
    by_name: Mapping[str, KnownField] = field(init=False, compare=False, repr=False)
    by_field: Mapping[Field, KnownField] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # A name of two sources means what it means without a vocabulary; else the first one.
        by_name: dict[str, KnownField] = {}
        for known in self.fields:
            name = known.field.name or known.field.source.value
            if name not in by_name or _is_default(known.field):
                by_name[name] = known
        object.__setattr__(self, "by_name", by_name)
        object.__setattr__(self, "by_field", {known.field: known for known in self.fields})

    def nearest(self, name: str) -> tuple[str, ...]:
        """Known names that look like `name`, the nearest first."""
        names = {*self.by_name, *_SHORT_WORDS}
        close = difflib.get_close_matches(name, sorted(names), _NEAREST, 0.6)
        holding = sorted(each for each in names if name and name in each and each not in close)
        return (*close, *holding)[:_NEAREST]


def field_of(text: str, vocabulary: Vocabulary | None = None) -> Field:
    """The field that `text` names; raises `BadInput` for what can't be one.

    A bare name that the vocabulary doesn't hold is refused with the nearest names; with a prefix
    (`oms.`, `rr.`, `dataset.`, `column.`, `dcs.`) any name is taken.
    """
    segments = _segments(text)
    first, rest = segments[0], segments[1:]
    if not rest and first.casefold() in _SHORT_WORDS:
        return _SHORT_WORDS[first.casefold()]
    source = _PREFIXES.get(first.casefold())
    if source is not None and rest:
        return _prefixed(source, text, rest)
    if len(rest) > 1:
        raise BadInput(f'"{text}" has too many parts.')
    part = rest[0] if rest else ""
    meaning = _meaning_of_bare(first)
    # Columns are configured, so that one nobody configured is a slip of the hand.
    if meaning is not None and (
        vocabulary is None
        or meaning[0] is not Source.COLUMN
        or Field(*meaning) in vocabulary.by_field
    ):
        return Field(*meaning, part)
    known = vocabulary.by_name.get(first) if vocabulary is not None else None
    if known is not None:
        return Field(known.field.source, known.field.name, part)
    if vocabulary is None:
        counted = part.upper() in BIT_COUNTS
        return Field(Source.BIT if counted else Source.OMS, first, part)
    near = vocabulary.nearest(first)
    hint = f" Did you mean {_alternatives(near)}?" if near else ""
    raise BadInput(f'"{first}" is not known.{hint} A prefix (oms.{first}) takes any name.')


def unquoted(text: str) -> str:
    """What a text between quotes means: a backslash takes the next character as it is."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def quoted(text: str) -> str:
    """`text` between quotes, as a filter writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _prefixed(source: Source, text: str, rest: list[str]) -> Field:
    if source in COUNTED_SOURCES and len(rest) <= 2:
        return Field(source, rest[0], rest[1] if len(rest) == 2 else "")
    if len(rest) == 1:
        return Field(source, rest[0])
    raise BadInput(f'"{text}" has too many parts.')


def _meaning_of_bare(name: str) -> tuple[Source, str] | None:
    """What a name without prefix means by itself; None when only a vocabulary can tell."""
    short = _SHORT_WORDS.get(name.casefold())
    if short is not None:
        return short.source, short.name
    if "-" in name:
        return Source.COLUMN, name
    if name in BITS:
        return Source.BIT, name
    if name in OMS_ATTRIBUTES or name.endswith("_included"):
        return Source.OMS, name
    if name.endswith("_state") or name == "appeared_in":
        return Source.DATASET, name
    return None


def _is_default(known: Field) -> bool:
    return not known.name or _meaning_of_bare(known.name) == (known.source, known.name)


def _is_plain(name: str) -> bool:
    return bool(_PLAIN_SEGMENT.fullmatch(name)) and name.casefold() not in KEYWORDS


def _segment(name: str) -> str:
    return name if _PLAIN_SEGMENT.fullmatch(name) else quoted(name)


def _segments(text: str) -> list[str]:
    segments: list[str] = []
    for piece, end in _pieces(text):
        segments.append(piece)
        if end < len(text) and text[end] != ".":
            raise BadInput(f'"{text}" is not a name.')
    if not segments[0]:
        raise BadInput(f'"{text}" is not a name.')
    return segments


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    position = 0
    while position <= len(text):
        match = _SEGMENT.match(text, position)
        assert match is not None  # the pattern matches the empty text
        yield (match[2] if match[1] is None else unquoted(match[1])), match.end()
        position = match.end() + 1


def _alternatives(names: Iterable[str]) -> str:
    return " or ".join(names)
