"""What each address answers: the types that are written, and described."""

from dataclasses import dataclass

from pydantic import JsonValue

Range = tuple[int, int]
"""First and last lumisection, both included."""


@dataclass(frozen=True)
class VerifiedBy:
    """A second person verified a workspace of a dataset, with `global` all of it."""

    workspace: str
    by: str
    at: str


@dataclass(frozen=True)
class RecordRow:
    """A run (its dataset `online`) or another dataset: attributes of OMS, of the Run Registry and
    of the dataset; as it is now also who verified it, and the frozen cycle that holds it."""

    run_number: int
    name: str
    oms: dict[str, JsonValue]
    rr: dict[str, JsonValue]
    dataset: dict[str, JsonValue]
    verified: list[VerifiedBy]
    frozen_in: str | None


@dataclass(frozen=True)
class RecordsAnswer:
    """A page; `next` is the cursor of the one after it, null where it is the last. `as_of` is the
    version that the moment meant."""

    rows: list[RecordRow]
    next: str | None
    as_of: int | None


@dataclass(frozen=True)
class RunAnswer:
    """A run and the names of its datasets, those that are hidden left out."""

    run: RecordRow
    datasets: list[str]
    as_of: int | None


@dataclass(frozen=True)
class LuminosityArrays:
    """Luminosity per lumisection [pb^-1], LS 1 first; null where OMS has none."""

    recorded: list[float | None]
    delivered: list[float | None]


@dataclass(frozen=True)
class DatasetLumisections:
    """Lumisections 1 to `length` of a dataset.

    `columns`: stretches (first, last, place in `triplets`) where somebody set a status; elsewhere
    it is EMPTY. `triplets`: status, cause, comment. `bits`: stretches (first, last, on or off)
    where OMS tells of a DCS bit. `participating`: lumisections that count for golden JSON.
    """

    run_number: int
    name: str
    length: int
    triplets: list[tuple[str, str, str]]
    columns: dict[str, list[tuple[int, int, int]]]
    bits: dict[str, list[tuple[int, int, bool]]]
    participating: list[Range]
    luminosity: LuminosityArrays


@dataclass(frozen=True)
class LumisectionsAnswer:
    """Lumisections of datasets, in order of run and name."""

    datasets: list[DatasetLumisections]
    as_of: int | None


@dataclass(frozen=True)
class AttributeChanged:
    """An attribute in a version: of `oms`, `rr` or `dataset`. `overruled`: what was written does
    not hold, because of an earlier word by hand."""

    part: str
    dataset: str
    name: str
    before: JsonValue
    after: JsonValue
    written: JsonValue
    overruled: bool


@dataclass(frozen=True)
class LumisectionsChanged:
    """A column (status, cause, comment) or, where `oms`, a DCS bit in some lumisections. `values`
    counts what was written; where it is more than one, `value` is null."""

    dataset: str
    oms: bool
    column: str
    value: JsonValue
    values: int
    ranges: list[Range]


@dataclass(frozen=True)
class VersionEntry:
    """What one action changed; `by` is its author, and the login where that is another."""

    version: int
    by: str
    manual: bool
    comment: str
    at: str
    attributes: list[AttributeChanged]
    lumisections: list[LumisectionsChanged]


@dataclass(frozen=True)
class HistoryAnswer:
    """Versions of a dataset, the newest first; those of `online` are those of its run, too."""

    versions: list[VersionEntry]
    next: str | None
    as_of: int | None


@dataclass(frozen=True)
class ListEntry:
    """A stored golden list; luminosities in pb^-1. It never changes: `version` is the newest that
    it was made from."""

    number: int
    datasets: str
    tags: str
    created_by: str
    official: bool
    version: int
    created_at: str
    first_run: int
    last_run: int
    runs: int
    lumisections: int
    recorded: float
    recorded_of_all: float


@dataclass(frozen=True)
class ListsAnswer:
    """Stored golden lists, the newest first."""

    lists: list[ListEntry]
    next: str | None


@dataclass(frozen=True)
class ListAnswer:
    """A stored golden list: its rule, its ranges, their SHA-256 as a file, and all luminosities
    that are stored with it [pb^-1]."""

    list: ListEntry
    rule: JsonValue
    ranges: dict[str, JsonValue]
    sha256: str
    luminosity: dict[str, float]


@dataclass(frozen=True)
class SelectedAnswer:
    """What a rule selects, now or at a version; nothing is stored. Luminosities in pb^-1.
    `warnings` names what the rule reads and no lumisection has."""

    ranges: dict[str, JsonValue]
    ranges_with_dataset_names: dict[str, JsonValue]
    lumisections: int
    recorded: float
    delivered: float
    recorded_of_all: float
    delivered_of_all: float
    warnings: list[str]
    as_of: int | None


@dataclass(frozen=True)
class LuminosityAnswer:
    """Luminosity of a list [pb^-1], as OMS has it now; `missing` lumisections have none."""

    lumisections: int
    recorded: float
    delivered: float
    missing: int


@dataclass(frozen=True)
class ConfigurationItem:
    """An item of the configuration as it is stored."""

    number: int
    title: str
    values: dict[str, JsonValue]


@dataclass(frozen=True)
class ConfigurationList:
    """A list of the configuration in force; `settings` is the version that brought it. Not `sure`
    where the web service may have put it in force later."""

    settings: int
    by: str
    at: str
    sure: bool
    items: list[ConfigurationItem]


@dataclass(frozen=True)
class ConfigurationAnswer:
    """All lists by what they are of, and the columns of each workspace as they are now."""

    lists: dict[str, ConfigurationList]
    online_workspaces: dict[str, list[str]]
    offline_workspaces: dict[str, list[str]]
    as_of: int | None


@dataclass(frozen=True)
class IndexAnswer:
    """Where everything is, and the newest version there is."""

    newest_version: int
    addresses: dict[str, str]
    openapi: str
    docs: str
