"""Official lists by era and kind: the newest, that of a day, and the one before."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from app.domain.errors import NotFound
from app.domain.json_value import JsonValue, js_stringify
from app.models.golden.generated_json import JsonEntry
from app.models.golden.rules import rules_of
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.golden import generation as golden

GOLDEN = "golden"
KINDS = (GOLDEN, "muon", "dcs-only")
"""What a list is for; each kind of an era has its own newest list."""

PERIOD = re.compile(r"(?:Collisions|Commissioning|Cosmics|HICosmics|HIRun|Run)[0-9]{2,4}")
"""A period of data taking, as names of datasets have it."""
_WORDS = {"muon": re.compile(r"muon", re.I), "dcs-only": re.compile(r"dcs[-_ ]?only", re.I)}
_BLOCK = 50
_MOST = 2_000
"""Official lists that are looked through for one of an era."""


@dataclass(frozen=True)
class Official:
    """An official list; `era` is empty where its datasets are of several periods, or of none."""

    entry: JsonEntry
    era: str
    kind: str

    @property
    def is_addressed(self) -> bool:
        """Whether it can be the newest of an era."""
        return bool(self.era)


def page(acting: Acting, *, before: int | None = None, limit: int = _BLOCK) -> list[Official]:
    """Official lists, the newest first; `before` goes on from a number."""
    return _described(acting, golden.entries(acting, official=True, before=before, limit=limit))


def of_entry(acting: Acting, entry: JsonEntry) -> Official:
    """The same list with its era and kind."""
    return _described(acting, [entry])[0]


def newest(acting: Acting, era: str, kind: str = GOLDEN, day: date | None = None) -> Official:
    """The newest list of an era, or the one that was the newest when a day (UTC) ended.

    Raises NotFound.
    """
    end = None if day is None else datetime.combine(day, time(), UTC) + timedelta(days=1)
    for each in _of_era(acting, era, kind):
        if end is None or each.entry.created_at < end:
            return each
    when = "" if day is None else f" made until {day.isoformat()}"
    raise NotFound(f"There is no official list of kind {kind} of {era}{when}.")


def before(acting: Acting, official: Official) -> Official | None:
    """The list of the same era and kind that was the newest until this one."""
    if not official.is_addressed:
        return None
    return next(
        _of_era(acting, official.era, official.kind, before_id=official.entry.id),
        None,
    )


def newest_of_eras(listed: Sequence[Official]) -> tuple[Official, ...]:
    """Of lists, the newest first, that of each era and kind."""
    found: dict[tuple[str, str], Official] = {}
    for each in listed:
        if each.is_addressed:
            found.setdefault((each.era, each.kind), each)
    return tuple(found.values())


def era_of(*texts: str) -> str:
    """The period that texts name, such as `Collisions2025`; empty for none or several."""
    for text in texts:
        periods = set(PERIOD.findall(text))
        if len(periods) == 1:
            return str(periods.pop())
        if periods:
            return ""
    return ""


def _of_era(
    acting: Acting, era: str, kind: str, before_id: int | None = None
) -> Iterator[Official]:
    looked_at = 0
    while looked_at < _MOST:
        block = golden.entries(acting, official=True, words=era, before=before_id, limit=_BLOCK)
        for each in _described(acting, block):
            if (each.era, each.kind) == (era, kind):
                yield each
        if len(block) < _BLOCK:
            return
        before_id = block[-1].id
        looked_at += len(block)


def _described(acting: Acting, entries: Sequence[JsonEntry]) -> list[Official]:
    with acting.db.read() as connection:
        rules = rules_of(connection, [each.id for each in entries])
    return [
        Official(
            each, era_of(each.dataset_name_filter, each.tags), _kind_of(each.tags, rules[each.id])
        )
        for each in entries
    ]


def _kind_of(tags: str, rule: JsonValue) -> str:
    """What the tags say; else whose shipped rule made the list."""
    for kind, word in _WORDS.items():
        if word.search(tags):
            return kind
    written = js_stringify(rule)
    return next((kind for kind in _WORDS if written == _shipped(kind)), GOLDEN)


@lru_cache(maxsize=len(KINDS))
def _shipped(kind: str) -> str:
    return js_stringify(configuration.shipped_rule(kind))
