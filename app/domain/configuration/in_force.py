"""The configuration in force: classifiers, accepted datasets, rules, permissions, workspaces."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Protocol, TypeVar

from msgspec import Struct

from app.domain.configuration.permissions import Permissions
from app.domain.errors import NotFound
from app.domain.json_logic import Place, Rule, RuleError, parse
from app.domain.json_value import JsonValue, unstorable
from app.domain.text.names import not_found

CERTIFIABLE_ONLINE_COLUMNS = (
    "castor-castor",
    "cms-cms",
    "csc-csc",
    "ctpps-ctpps",
    "dt-dt",
    "ecal-ecal",
    "ecal-es",
    "hcal-hcal",
    "hlt-hlt",
    "l1t-l1t",
    "l1t-l1tcalo",
    "l1t-l1tmu",
    "lumi-lumi",
    "rpc-rpc",
    "tracker-pixel",
    "tracker-strip",
    "gem-gem",
)
"""Columns without which a run can't be signed off."""

CERTIFIABLE_OFFLINE_COLUMNS = (
    *CERTIFIABLE_ONLINE_COLUMNS,
    "btag-btag",
    "dc-lowlumi",
    "egamma-egamma",
    "jetmet-jetmet",
    "muon-muon",
    "tau-tau",
    "tracker-track",
)

GLOBAL = "global"
"""Stands for all workspaces of a dataset together; it has no columns of its own."""


class Kind(StrEnum):
    """What the configuration has a versioned list of, named as in the paths of permissions."""

    CLASS = "class"
    COMPONENT = "component"
    DATASET = "dataset"
    OFFLINE_DATASET = "offline_dataset"
    JSON_RULE = "json_classifier"
    DATASETS_ACCEPTED = "datasets_accepted"
    PERMISSION = "permissions"

    @property
    def word(self) -> str:
        """What people call it, on the command line and in every message."""
        return _WORDS.get(self, self.value)


_WORDS = {Kind.JSON_RULE: "json", Kind.DATASETS_ACCEPTED: "accepted"}


class ClassClassifier(Struct, frozen=True):
    """Gives a run its class; the matching one of smallest priority wins."""

    id: int
    class_: str
    rule: Rule
    priority: int
    enabled: bool


class DatasetClassifier(Struct, frozen=True):
    """Says whether a run of a class is significant."""

    id: int
    class_: str
    rule: Rule
    enabled: bool


@dataclass(frozen=True, slots=True)
class ComponentClassifier:
    """Gives a column its status; the matching enabled one of smallest priority wins."""

    id: int
    column: str
    status: str
    rule: Rule
    priority: int
    enabled: bool


class OfflineDatasetClassifier(Struct, frozen=True):
    """Says whether a dataset that appeared matters to a workspace."""

    id: int
    workspace: str
    rule: Rule
    enabled: bool


class DatasetAccepted(Struct, frozen=True):
    """An offline dataset that runs of a class get, with how it is called in the DQM GUI."""

    id: int
    name: str
    regexp: str
    class_: str
    run_from: int | None
    run_to: int
    enabled: bool

    @property
    def expressions(self) -> tuple[str, ...]:
        """The regular expressions of GUI dataset names, one a line."""
        return tuple(line.strip() for line in self.regexp.splitlines() if line.strip())

    def holds(self, run_number: int) -> bool:
        """Whether the run is in the range, both ends included; without a first run from 1."""
        return (self.run_from or 0) <= run_number <= self.run_to


class JsonRule(Struct, frozen=True):
    """A named rule of golden JSONs."""

    id: int
    name: str
    rule: Rule
    created_by: str | None


class Workspace(Struct, frozen=True):
    """A group of experts and its columns, written `{workspace}-{column}`, in alphabetical order."""

    name: str
    online: bool
    columns: tuple[str, ...]


class _Prioritised(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def priority(self) -> int: ...


_Item = TypeVar("_Item", bound=_Prioritised)


def by_priority(items: Iterable[_Item]) -> tuple[_Item, ...]:
    """Smallest priority first, equal ones by id."""
    return tuple(sorted(items, key=lambda item: (item.priority, item.id)))


@dataclass(frozen=True)
class ColumnsAndRights:
    """Which columns there are and who may do what, in one version of the configuration: all of it
    that an edit is checked against. Its rules take twenty times as long to read."""

    settings_id: int
    permissions: Permissions = field(default_factory=Permissions)
    workspaces: tuple[Workspace, ...] = ()

    @cached_property
    def online_columns(self) -> tuple[str, ...]:
        """Columns of the online workspaces, in alphabetical order."""
        return self._columns(online=True)

    @cached_property
    def offline_columns(self) -> tuple[str, ...]:
        """Columns of the offline workspaces, in alphabetical order."""
        return self._columns(online=False)

    @cached_property
    def online_workspaces(self) -> tuple[str, ...]:
        """Names in alphabetical order."""
        return tuple(sorted(each.name for each in self.workspaces if each.online))

    @cached_property
    def offline_workspaces(self) -> tuple[str, ...]:
        """Names in alphabetical order, without `global`."""
        return tuple(sorted(each.name for each in self.workspaces if not each.online))

    def columns_of(self, workspace: str, *, online: bool) -> tuple[str, ...]:
        """Columns of one workspace; NotFound when there is no such workspace."""
        for each in self.workspaces:
            if each.name == workspace and each.online is online:
                return each.columns
        where = "online" if online else "offline"
        known = self.online_workspaces if online else self.offline_workspaces
        raise not_found(f'There is no {where} workspace "{workspace}"', workspace, known)

    def workspace_of(self, column: str, *, online: bool) -> str:
        """Name of the workspace that has a column; NotFound when none has."""
        for each in self.workspaces:
            if each.online is online and column in each.columns:
                return each.name
        where = "online" if online else "offline"
        raise not_found(
            f'No {where} workspace has a column "{column}"', column, self._columns(online=online)
        )

    def _columns(self, *, online: bool) -> tuple[str, ...]:
        return tuple(
            sorted(
                {
                    column
                    for each in self.workspaces
                    if each.online is online
                    for column in each.columns
                }
            )
        )


@dataclass(frozen=True)
class Configuration(ColumnsAndRights):
    """One version of the configuration; rows with a faulty rule are not in it but in `problems`.

    Class and component classifiers come by priority, then id. `retired`: the columns, by their
    workspaces, that are out of use.
    """

    class_classifiers: tuple[ClassClassifier, ...] = ()
    dataset_classifiers: tuple[DatasetClassifier, ...] = ()
    online_components: tuple[ComponentClassifier, ...] = ()
    offline_components: tuple[ComponentClassifier, ...] = ()
    offline_dataset_classifiers: tuple[OfflineDatasetClassifier, ...] = ()
    datasets_accepted: tuple[DatasetAccepted, ...] = ()
    json_rules: tuple[JsonRule, ...] = ()
    retired: tuple[Workspace, ...] = ()
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("class_classifiers", "online_components", "offline_components"):
            object.__setattr__(self, name, by_priority(getattr(self, name)))

    @cached_property
    def online_by_column(self) -> Mapping[str, tuple[ComponentClassifier, ...]]:
        """Enabled classifiers of each column of `online` that has any, by priority."""
        return _by_column(self.online_components)

    @cached_property
    def offline_by_column(self) -> Mapping[str, tuple[ComponentClassifier, ...]]:
        """Enabled classifiers of each column of other datasets that has any, by priority."""
        return _by_column(self.offline_components)

    @cached_property
    def certifiable_online_columns(self) -> tuple[str, ...]:
        """Columns without which a run can't be signed off: nobody can set a retired one."""
        retired = {column for each in self.retired if each.online for column in each.columns}
        return tuple(each for each in CERTIFIABLE_ONLINE_COLUMNS if each not in retired)

    def accepted(self, class_: str, run_number: int) -> tuple[DatasetAccepted, ...]:
        """Enabled entries for a run of a class, one for each dataset name."""
        entries: dict[str, DatasetAccepted] = {}
        for entry in self.datasets_accepted:
            if entry.enabled and entry.class_ == class_ and entry.holds(run_number):
                entries.setdefault(entry.name, entry)
        return tuple(entries.values())

    def json_rule(self, name: str) -> JsonRule:
        """The newest rule of that name; NotFound when there is none."""
        found = [rule for rule in self.json_rules if rule.name == name]
        if not found:
            raise NotFound(f'There is no JSON configuration "{name}".')
        return max(found, key=lambda rule: rule.id)


def _by_column(
    classifiers: Iterable[ComponentClassifier],
) -> Mapping[str, tuple[ComponentClassifier, ...]]:
    by_column: dict[str, list[ComponentClassifier]] = {}
    for classifier in classifiers:
        column = by_column.setdefault(classifier.column, [])
        if classifier.enabled:
            column.append(classifier)
    return MappingProxyType({column: tuple(each) for column, each in by_column.items()})


def decides(rule: JsonValue) -> bool:
    """Whether something can be a condition at all."""
    return isinstance(rule, bool) or (isinstance(rule, dict) and len(rule) == 1)


def parse_condition(rule: JsonValue) -> Rule:
    """The rule of a classifier or a golden JSON; RuleError when it can't decide anything.

    A plain value would hold for everything (an empty object too), which nobody means.
    """
    if not decides(rule):
        raise RuleError("it is a plain value, not a condition.", ())
    parsed = parse(rule)
    _check_storable(parsed.source, ())
    return parsed


def _check_storable(rule: JsonValue, place: Place) -> None:
    """Refuses what a rule can say and the database can't hold."""
    if isinstance(rule, str) and (fault := unstorable(rule)):
        raise RuleError(f"the text holds {fault}, which the database can't hold.", place)
    if isinstance(rule, float) and not math.isfinite(rule):
        raise RuleError("the number is too large to compute with.", place)
    if isinstance(rule, list):
        for index, item in enumerate(rule):
            _check_storable(item, (*place, index))
    elif isinstance(rule, dict):
        for key, item in rule.items():
            _check_storable(key, place)
            _check_storable(item, (*place, key))
