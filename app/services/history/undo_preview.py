"""What undoing a version would do: what it restores, leaves alone, keeps and is refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.counting import counted, number
from app.domain.errors import Refused
from app.domain.history.cells import Action as VersionInfo
from app.domain.history.undo import AttributesUndone, CellsUndone, is_redo, undone_version
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE, where
from app.domain.lumisections import LumiRange, count
from app.domain.triplets import Triplet
from app.models.events.event_log import Change, DatasetChange, LumisectionChange, RunChange

UNHIDING, HIDING = "un-hiding", "hiding"
"""Names of the part in which a dataset is shown again or hidden."""


@dataclass(frozen=True)
class ColumnsUndone:
    """RR columns of one dataset."""

    run_number: int
    dataset: str
    cells: CellsUndone[Triplet]


@dataclass(frozen=True)
class BitsUndone:
    """DCS bits of one dataset."""

    run_number: int
    dataset: str
    cells: CellsUndone[JsonValue]


@dataclass(frozen=True)
class AttributesOf:
    """Attributes of a run (`dataset` is None) or of a dataset."""

    run_number: int
    dataset: str | None
    attributes: AttributesUndone


@dataclass(frozen=True)
class Visibility:
    """A dataset that is hidden or shown again.

    `made`: the version made it; it can't be deleted, so it is hidden.
    """

    run_number: int
    dataset: str
    hide: bool
    made: bool = False


@dataclass(frozen=True)
class Kept:
    """What the version wrote and an undo can't restore, with the reason.

    `dataset` is None for the run itself.
    """

    run_number: int
    dataset: str | None
    name: str
    reason: str
    ranges: tuple[LumiRange, ...] = ()

    @property
    def text(self) -> str:
        """The same in a sentence."""
        size = f", {count(self.ranges)} LS" if self.ranges else ""
        return (
            f"{self.name} of {where(self.run_number, self.dataset or ONLINE)}{size}: {self.reason}"
        )


@dataclass(frozen=True)
class PartRefused:
    """A part that could be restored, but that the person may not change now."""

    run_number: int
    dataset: str | None
    name: str
    reason: Refused
    ranges: tuple[LumiRange, ...] = ()

    @property
    def what(self) -> str:
        """The part, as text."""
        there = where(self.run_number, self.dataset or ONLINE)
        return (
            f"{self.name} {there}" if self.name in {UNHIDING, HIDING} else f"{self.name} of {there}"
        )


@dataclass(frozen=True)
class Preview:
    """What undoing a version would do now.

    `step`: the versions that are undone together, because one action made them. `authors`: who
    made the versions that changed something since, by version. `bit_changes` are appended for
    `bits` and for the datasets that follow those of `online`. `made`: datasets that the sign-off
    made which is undone; they stay.
    """

    undone: VersionInfo
    step: frozenset[int]
    columns: tuple[ColumnsUndone, ...]
    bits: tuple[BitsUndone, ...]
    attributes: tuple[AttributesOf, ...]
    visibility: tuple[Visibility, ...]
    kept: tuple[Kept, ...]
    refused: tuple[PartRefused, ...]
    authors: Mapping[int, VersionInfo]
    bit_changes: tuple[LumisectionChange, ...]
    made: tuple[str, ...] = ()

    @property
    def redone(self) -> int | None:
        """The version that is done again, where the undo of one is undone."""
        comment = self.undone.comment
        return None if is_redo(comment) else undone_version(comment)

    @property
    def parts(self) -> tuple[ColumnsUndone | BitsUndone, ...]:
        """Columns and bits of all datasets."""
        return (*self.columns, *self.bits)

    @property
    def cells(self) -> int:
        """Cells that go back to an earlier value."""
        return sum(count(each.ranges) for part in self.parts for each in part.cells.restored)

    @property
    def left_alone(self) -> int:
        """Cells and attributes that somebody changed since."""
        cells = sum(count(each.ranges) for part in self.parts for each in part.cells.changed_since)
        return cells + sum(len(each.attributes.changed_since) for each in self.attributes)

    @property
    def by_hand(self) -> bool:
        """Whether any automatic value comes back as a manual one, which can't be withdrawn."""
        return any(each.by_hand for part in self.columns for each in part.cells.restored) or any(
            each.by_hand for part in self.attributes for each in part.attributes.restored
        )

    @property
    def datasets(self) -> int:
        """Datasets in which anything is restored."""
        touched = {(each.run_number, each.dataset) for each in self.parts if each.cells.restored}
        touched |= {
            (each.run_number, each.dataset or ONLINE)
            for each in self.attributes
            if each.attributes.restored
        }
        touched |= {(each.run_number, each.dataset) for each in self.visibility}
        return len(touched)

    @property
    def changes(self) -> list[Change]:
        """What has to be appended."""
        changes: list[Change] = []
        hidden = {(each.run_number, each.dataset): each.hide for each in self.visibility}
        for of in self.attributes:
            values = of.attributes.values
            if of.dataset is None and values:
                changes.append(RunChange(of.run_number, rr=values))
            elif of.dataset is not None and (values or (of.run_number, of.dataset) in hidden):
                key = (of.run_number, of.dataset)
                changes.append(
                    DatasetChange(*key, attributes=values, deleted=hidden.pop(key, None))
                )
        changes.extend(DatasetChange(*key, deleted=hide) for key, hide in sorted(hidden.items()))
        changes.extend(
            LumisectionChange(each.run_number, each.dataset, events)
            for each in self.columns
            if (events := each.cells.events)
        )
        # Those of `online` come first: they set the newest value in every dataset of the run.
        changes.extend(self.bit_changes)
        return changes

    @property
    def restores_anything(self) -> bool:
        """Whether anything comes back."""
        return self.datasets > 0

    @property
    def length(self) -> int:
        """Lumisections of the longest dataset."""
        return max((part.cells.length for part in self.parts), default=1)

    @property
    def text(self) -> str:
        """What would be undone, in a few words."""
        attributes = sum(len(each.attributes.restored) for each in self.attributes)
        hidden = sum(each.hide for each in self.visibility)
        shown = len(self.visibility) - hidden
        parts = [
            f"{counted(count_, noun)}{outcome}"
            for count_, noun, outcome in (
                (self.cells, "cell", ""),
                (attributes, "attribute", ""),
                (hidden, "dataset", " hidden"),
                (shown, "dataset", " shown again"),
            )
            if count_
        ]
        text = f"version {self.undone.version}: {', '.join(parts) or 'nothing'}"
        if self.made:
            text += (
                f"; {counted(len(self.made), 'dataset')} that the sign-off made"
                f" {'stays' if len(self.made) == 1 else 'stay'}"
            )
        if self.left_alone:
            text += f"; {number(self.left_alone)} changed since, left alone"
        return text
