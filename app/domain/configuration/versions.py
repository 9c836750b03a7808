"""The versions of a list of the configuration: who changed what when, and what differs."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from app.domain.configuration.in_force import Kind, parse_condition
from app.domain.configuration.items import (
    RULE,
    WITH_RULE,
    condition_of,
    fields_of,
    key_of,
    parse_stored,
    title_of,
)
from app.domain.errors import Conflict, NotFound, Refused
from app.domain.json_logic import RuleError
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.state.differences import changed_attributes


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it is stored, never changed; `values` as they are written."""

    kind: Kind
    id: int
    values: JsonObject
    created_at: datetime
    created_by: str | None = None
    updated_by: str | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        return title_of(self.kind, self.values)


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """A version of the whole configuration, as far as it tells of one list."""

    id: int
    by: str
    created_at: datetime
    list_id: int


@dataclass(frozen=True, slots=True)
class Version:
    """A version of one list, named by the version of the configuration that brought it.

    `edited` are pairs of ids, old and new. `exact` is false where the time isn't known: the web
    service writes that of the first version into all of them, so that `at` is the time of the
    newest item there was, and the change came at or after it. `same_as`: an earlier version with
    just the same items.
    """

    settings_id: int
    by: str
    at: datetime
    exact: bool
    items: frozenset[int]
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    edited: tuple[tuple[int, int], ...] = ()
    same_as: int | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A value of an item in two versions; a rule without what the tables put around it."""

    name: str
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True, slots=True)
class EditedItem:
    """An item in two versions that differ."""

    before: Item
    after: Item
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two versions of a list, item by item and field by field."""

    kind: Kind
    before: int
    after: int
    added: tuple[Item, ...] = ()
    removed: tuple[Item, ...] = ()
    edited: tuple[EditedItem, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both versions are identical."""
        return not (self.added or self.removed or self.edited)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """Conditions that only one of two rules has, as JSON text, in the order they are written."""

    lost: tuple[str, ...]
    gained: tuple[str, ...]


class ItemChanged(Conflict):
    """Somebody else changed an item meanwhile.

    `base` is the item that the person saw, `mine` the values to save, None to remove it; `theirs`
    is the item in force instead, None when the other person removed it.
    """

    def __init__(
        self, base: Item, mine: JsonObject | None, theirs: Item | None, changed: Version
    ) -> None:
        self.base = base
        self.mine = mine
        self.theirs = theirs
        self.changed = changed
        who = changed.by or "Somebody else"
        if theirs is None:
            what = "removed it"
        else:
            fields = field_changes(base.kind, base.values, theirs.values)
            what = f"changed it: {words_for(fields)}" if fields else "saved it again"
        super().__init__(
            f"{base.title} was changed meanwhile: {who} {what}. Your change was not saved. Check"
            " the present item and try again."
        )


class ListHistory:
    """All versions of one list, oldest first, and every item that any of them has."""

    def __init__(
        self,
        kind: Kind,
        settings: Sequence[SettingsRow],
        lists: Mapping[int, Collection[int]],
        items: Mapping[int, Item],
    ) -> None:
        self.kind = kind
        self.items = items
        self._known = frozenset(each.id for each in settings)
        self._root: dict[int, int] = {}
        self.versions = tuple(self._versions(settings, lists))

    def check(self, settings_id: int) -> None:
        """NotFound when the configuration never had a version of that number."""
        if settings_id not in self._known:
            raise NotFound(
                f"There is no version {settings_id} of the configuration. The newest is"
                f" {max(self._known, default=0)}."
            )

    def at(self, settings_id: int) -> Version:
        """The version of the list in a version of the configuration; NotFound before the first."""
        found = None
        for each in self.versions:
            if each.settings_id > settings_id:
                break
            found = each
        if found is None:
            raise NotFound(f"There is no version {settings_id} of the {self.kind.word} list.")
        return found

    def in_force_at(self, time: datetime) -> Version:
        """The version in force at a time, the first for earlier ones; it is as sure as `exact` of
        the one that follows it."""
        found = self.versions[0]
        for each in self.versions:
            if each.at > time:
                break
            found = each
        return found

    def before_change_of(self, item_id: int) -> int:
        """The version before the newest one that brought an item or no longer has it; NotFound
        when there is none."""
        for before, after in reversed(list(pairwise(self.versions))):
            if (item_id in before.items) != (item_id in after.items):
                return before.settings_id
        raise NotFound(f"There is no version before the change of {item_id}.")

    def followers(self, item_id: int) -> tuple[Version, Item | None] | None:
        """The version that took an item out of force, and what is in its place now; None while
        the item is in force or never was."""
        newest = self.versions[-1].items
        if item_id in newest or item_id not in self._root:
            return None
        left = next(
            each
            for each in reversed(self.versions)
            if item_id in each.removed or any(item_id == old for old, _ in each.edited)
        )
        root = self._root[item_id]
        now = max((id_ for id_ in newest if self._root[id_] == root), default=None)
        return left, None if now is None else self.items[now]

    def touching(self, item_id: int) -> frozenset[int]:
        """Settings ids of the versions that changed an item, in any of its forms; NotFound when
        no version has it."""
        if item_id not in self.items:
            raise NotFound(f"There is no {self.kind.word} {item_id} in any version.")
        root = self._root.get(item_id, item_id)
        forms = {each for each, first in self._root.items() if first == root}
        return frozenset(
            each.settings_id
            for each in self.versions
            if forms & {*each.added, *each.removed, *(id_ for pair in each.edited for id_ in pair)}
        )

    def difference(self, before: int, after: int) -> Difference:
        """What differs between two versions of the configuration in this list."""
        one, other = self.at(before).items, self.at(after).items
        edited, added, removed = self._paired(one, other)
        changed = []
        for old, new in edited:
            fields = field_changes(self.kind, self.items[old].values, self.items[new].values)
            if fields:
                changed.append(EditedItem(self.items[old], self.items[new], fields))
        return Difference(
            self.kind,
            before,
            after,
            tuple(self.items[each] for each in added),
            tuple(self.items[each] for each in removed),
            tuple(sorted(changed, key=lambda each: each.after.title)),
        )

    def _versions(
        self, settings: Sequence[SettingsRow], lists: Mapping[int, Collection[int]]
    ) -> Iterable[Version]:
        present: frozenset[int] = frozenset()
        list_id: int | None = None
        seen: dict[frozenset[int], int] = {}
        known: set[int] = set()
        latest: datetime | None = None
        for row in settings:
            new = frozenset(lists.get(row.list_id, ()))
            if list_id is not None and (row.list_id == list_id or new == present):
                list_id = row.list_id
                latest = row.created_at if latest is None else max(latest, row.created_at)
                continue
            first = list_id is None
            list_id = row.list_id
            edited, added, removed = (
                ((), tuple(sorted(new)), ()) if first else self._step(present, new)
            )
            for each in added:
                self._root.setdefault(each, each)
            times = [self.items[each].created_at for each in new - known]
            newest = max([row.created_at, *times])
            exact = latest is None or newest > latest
            latest = newest if latest is None else max(newest, latest)
            known |= new
            yield Version(row.id, row.by, latest, exact, new, added, removed, edited, seen.get(new))
            seen.setdefault(new, row.id)
            present = new

    def _step(
        self, old: frozenset[int], new: frozenset[int]
    ) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...]]:
        gone, come = old - new, new - old
        if len(gone) == len(come) == 1:
            (one,), (other,) = gone, come
            # An item that comes back has its own past already.
            self._root.setdefault(other, self._root[one])
            return ((one, other),), (), ()
        return self._paired(old, new)

    def _paired(
        self, old: frozenset[int], new: frozenset[int]
    ) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...]]:
        """Items of which one is the other's later or earlier form; the others come and go.

        First by their past, then those that are the only ones of their name.
        """
        gone, come = sorted(old - new), sorted(new - old)
        pairs: list[tuple[int, int]] = []
        for name in (self._past, self._name):
            of_old = _alone(gone, name)
            of_new = _alone(come, name)
            for key in [key for key in of_old if key in of_new]:
                pairs.append((of_old[key], of_new[key]))
                gone.remove(of_old[key])
                come.remove(of_new[key])
        return tuple(pairs), tuple(come), tuple(gone)

    def _past(self, item_id: int) -> object:
        return self._root.get(item_id, item_id)

    def _name(self, item_id: int) -> object:
        return js_stringify(list(key_of(self.kind, self.items[item_id].values)))


def changed_meanwhile(history: ListHistory, item_id: int, mine: JsonObject | None) -> ItemChanged:
    """What to tell a person who wants to change an item that isn't in force any more."""
    followed = history.followers(item_id)
    if followed is None:
        raise NotFound(f"There is no {history.kind.word} item {item_id} in any version.")
    version, theirs = followed
    return ItemChanged(history.items[item_id], mine, theirs, version)


def problem_of(item: Item) -> str:
    """Why the rule of an item can't be used; empty when it can, or there is none."""
    if item.kind not in WITH_RULE:
        return ""
    try:
        parse_stored(item.values[RULE])
    except Refused as error:
        return str(error)
    return ""


def changes_of(
    history: ListHistory, version: Version, most: int, *, added: str = "+", removed: str = "−"
) -> list[str]:
    """What a version changed, one line each and one more where there are more than `most`;
    `added` and `removed` go before the titles of items."""
    items = history.items
    changes = [f"as version {version.same_as}"] if version.same_as is not None else []
    for old, new in version.edited:
        fields = field_changes(history.kind, items[old].values, items[new].values)
        changes.append(f"{items[new].title}: {words_for(fields) or 'saved again'}")
    changes += [f"{added} {items[item_id].title}" for item_id in version.added]
    changes += [f"{removed} {items[item_id].title}" for item_id in version.removed]
    more = len(changes) - most
    return [*changes[:most], f"and {more} more"] if more > 0 else changes


def words_for(fields: Iterable[FieldChange]) -> str:
    """Changes of values as a person reads them: `priority 1 → 2, the rule`."""
    return ", ".join(
        "the rule"
        if each.name == RULE
        else f"{each.name} {value_words(each.before)} → {value_words(each.after)}"
        for each in fields
    )


def value_words(value: JsonValue) -> str:
    """A value of an item for a person: a text as it is, everything else as JSON."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    return value.replace("\n", " | ") if isinstance(value, str) else js_stringify(value)


def field_changes(kind: Kind, before: JsonObject, after: JsonObject) -> tuple[FieldChange, ...]:
    """Values that differ, in the order they are shown."""
    one, other = _bare(before), _bare(after)
    changed = changed_attributes(one, other)
    return tuple(
        FieldChange(name, one.get(name), other.get(name))
        for name in fields_of(kind)
        if name in changed
    )


def rule_change(before: JsonValue, after: JsonValue) -> RuleChange:
    """The conditions that one rule has and the other hasn't."""
    one, other = _conditions(before), _conditions(after)
    lost, gained = Counter(one) - Counter(other), Counter(other) - Counter(one)
    return RuleChange(
        tuple(each for each in dict.fromkeys(one) if lost[each]),
        tuple(each for each in dict.fromkeys(other) if gained[each]),
    )


def _conditions(rule: JsonValue) -> list[str]:
    try:
        return [js_stringify(leaf.source) for leaf in parse_condition(rule).leaves]
    except RuleError:
        return [js_stringify(rule)]


def _bare(values: JsonObject) -> JsonObject:
    return {**values, RULE: condition_of(values[RULE])} if RULE in values else values


def _alone(ids: Iterable[int], name: Callable[[int], object]) -> dict[object, int]:
    """Items by a name that no other of them has."""
    found: dict[object, list[int]] = {}
    for each in ids:
        found.setdefault(name(each), []).append(each)
    return {key: same[0] for key, same in found.items() if len(same) == 1}
