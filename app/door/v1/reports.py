"""Reports as pages: of a shift, for the certification call, of an era; each as of a moment.

The same report of the same version is kept for a while: many people open one address at once.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from weakref import WeakKeyDictionary

from app.domain.errors import BadInput
from app.domain.json_value import JsonValue, js_stringify
from app.domain.reports.document import Report
from app.door.asking import Asked
from app.door.v1.answering import Answered
from app.door.v1.asked import OfCall, OfEra, OfShift
from app.door.v1.problems import BadParameter
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import rules as golden_rules
from app.services.reports import call, era, page, shift
from app.services.reports.moment import ReportMoment, moment_of, named, state_of_record, time_named

_MOST_KEPT = 16
_MOST_CHARACTERS = 16 << 20


class _Pages:
    """Pages that were made, the last ones; one that is being made is waited for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: OrderedDict[Hashable, str] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], str]) -> str:
        """The page of that key."""
        with self._guard:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._guard:
                if (known := self._kept.get(key)) is not None:
                    self._kept.move_to_end(key)
                    return known
            try:
                made = make()
            finally:
                with self._guard:
                    self._making.pop(key, None)
            with self._guard:
                self._kept[key] = made
                while len(self._kept) > 1 and (
                    len(self._kept) > _MOST_KEPT or self._characters() > _MOST_CHARACTERS
                ):
                    self._kept.popitem(last=False)
            return made

    def _characters(self) -> int:
        return sum(map(len, self._kept.values()))


_pages: WeakKeyDictionary[Database, _Pages] = WeakKeyDictionary()
_guard = threading.Lock()


def of_shift(asked: Asked, taken: OfShift) -> Answered:
    """Runs that were taken, flags, sign-offs, what is open, and notes."""
    since = _time(taken.begin, "begin")
    until = _time(taken.end, "end")
    acting = asked.reading

    def made(at: ReportMoment) -> Report:
        try:
            period = shift.period_of(acting, at, since, until)
        except BadInput as error:
            raise BadParameter("end" if taken.end else "begin", str(error)) from error
        return shift.report(acting, at, period)

    return _page(acting, taken.as_of, ("shift", taken.begin, taken.end), made)


def of_call(asked: Asked, taken: OfCall) -> Answered:
    """Cycle by cycle what is golden, what was lost, what changed, and what is left."""
    acting = asked.reading
    since = _moment(taken.since, "since")
    names = [name for each in taken.rules.split(",") if (name := each.strip())] or call.RULES
    rules = [call.NamedRule(name, _rule(acting, name, "rules")) for name in names]

    def made(at: ReportMoment) -> Report:
        return call.report(acting, at, rules, cycle=taken.cycle, since=since)

    of = ("call", taken.cycle, taken.since, *((each.name, _text(each.rule)) for each in rules))
    return _page(acting, taken.as_of, of, made)


def of_era(asked: Asked, taken: OfEra) -> Answered:
    """Luminosity accumulated over time, and efficiencies."""
    acting = asked.reading
    rule = _rule(acting, taken.rule, "rule")

    def made(at: ReportMoment) -> Report:
        try:
            return era.report(acting, at, taken.datasets, (taken.rule, rule))
        except BadInput as error:
            raise BadParameter("datasets", str(error)) from error

    return _page(acting, taken.as_of, ("era", taken.datasets, taken.rule, _text(rule)), made)


def _page(
    acting: Acting, as_of: str, of: tuple[Hashable, ...], made: Callable[[ReportMoment], Report]
) -> Answered:
    moment = moment_of(acting, _moment(as_of, "as_of"))

    def make() -> str:
        return page.html_of(made(moment))

    if not moment.settled:
        return Answered(make())
    with _guard:
        pages = _pages.setdefault(acting.db.origin, _Pages())
    return Answered(pages.get((of, moment, state_of_record(acting)), make))


def _moment(text: str, parameter: str) -> int | datetime | None:
    try:
        return named(text, parameter)
    except BadInput as error:
        raise BadParameter(parameter, str(error)) from error


def _time(text: str, parameter: str) -> datetime | None:
    try:
        return time_named(text, parameter)
    except BadInput as error:
        raise BadParameter(parameter, str(error)) from error


def _rule(acting: Acting, name: str, parameter: str) -> JsonValue:
    """A rule that is saved or shipped; never a file, which would be one of this machine's."""
    for each in golden_rules.offered(acting):
        if each.name == name:
            return each.rule
    known = ", ".join(each.name for each in golden_rules.offered(acting)[:10])
    raise BadParameter(parameter, f"There is no rule {name[:80]}. There is {known}.")


def _text(rule: JsonValue) -> str:
    return js_stringify(rule)
