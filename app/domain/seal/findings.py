"""What verifying the history finds, in words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.counting import counted
from app.domain.json_value import JsonObject
from app.domain.seal.leaves import VERSION, RowChange

_LONGEST = 400
_AROUND = 60


class Fault(StrEnum):
    """What is wrong with a row, a root, or the seal itself."""

    ALTERED = "altered"
    REMOVED = "removed"
    SLIPPED_IN = "slipped in"
    SEAL = "seal damaged"
    ROOT = "another history"


@dataclass(frozen=True)
class Finding:
    """One thing that isn't as it was sealed."""

    fault: Fault
    what: str
    position: int | None = None
    author: str | None = None
    sealed: datetime | None = None
    rows: tuple[RowChange, ...] = ()
    why: str = ""

    @property
    def text(self) -> str:
        """The finding in a few lines, the first of which says it all."""
        return self.after(())

    def after(self, told: Collection[RowChange]) -> str:
        """The same after other findings, which have told of these rows already."""
        by = f", by {self.author}," if self.author else ""
        sealed = "" if self.sealed is None else f", sealed {self.sealed:%Y-%m-%d %H:%M} UTC"
        why = f": {self.why}" if self.why else ""
        lines = [f"{self.what}{by} was {self.fault}{sealed}{why}"]
        if self.fault in {Fault.SEAL, Fault.ROOT}:
            lines = [f"{self.what}{why}"]
        for each in self.rows:
            if each in told:
                lines.append(f"  {each.row} {each.what}, as above")
                continue
            lines.append(f"  {each.row} {each.what}")
            same = _same(each.before or "", each.after or "")
            if each.before is not None:
                lines.append(f"    before {_cut(each.before, same)}")
            elif each.what == "altered":
                lines.append("    before is not known")
            if each.after is not None:
                lines.append(f"    now    {_cut(each.after, same)}")
        return "\n".join(lines)

    @property
    def document(self) -> JsonObject:
        """The same for machines."""
        return {
            "fault": self.fault.value,
            "what": self.what,
            "position": self.position,
            "author": self.author,
            "sealed": None if self.sealed is None else self.sealed.isoformat(),
            "why": self.why,
            "rows": [
                {
                    "row": each.row,
                    "what": each.what,
                    "before": each.before,
                    "after": each.after,
                }
                for each in self.rows
            ],
        }


@dataclass(frozen=True)
class Unsealed:
    """Versions and rows that no leaf stands for, which may be as it should be."""

    new: int = 0
    old: int = 0
    rows: int = 0
    oldest_new: datetime | None = None


@dataclass(frozen=True)
class Signed:
    """Up to where a key that is trusted has signed: `size` 0 where none has."""

    key: str = ""
    size: int = 0
    at: datetime | None = None
    trusted: bool = False


@dataclass(frozen=True)
class Report:
    """What verifying found. `faults` counts all, of which `findings` are the first."""

    origin: str
    size: int
    root: bytes
    versions: int
    rows: int
    late: int
    unsealed: Unsealed
    signed: Signed
    findings: tuple[Finding, ...]
    faults: int
    begun: datetime | None = None
    old_last: int = 0
    old_done: int = 0
    notes: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing was altered."""
        return self.faults == 0

    @property
    def summary(self) -> str:
        """The result in a sentence."""
        if not self.size:
            return "Nothing is sealed yet: a puller seals within a minute."
        checked = f"{counted(self.versions, 'version')} and {counted(self.rows, 'other row')}"
        if self.good:
            return f"Nothing was altered: {checked} are as they were sealed."
        return f"{counted(self.faults, 'fault')} in {checked}. The first: {self._first}"

    @property
    def texts(self) -> Sequence[str]:
        """The findings in order; an object that many versions share is told once."""
        told = set[RowChange]()
        found = []
        for each in self.findings:
            found.append(each.after(told))
            told.update(each.rows)
        return found

    @property
    def _first(self) -> str:
        return self.findings[0].text.split("\n")[0] + "." if self.findings else "not named."

    @property
    def lines(self) -> Sequence[str]:
        """What there is to know besides."""
        found = [*self.notes]
        if self.begun is not None:
            found.append(f"Sealed since {self.begun:%Y-%m-%d %H:%M} UTC, not before.")
        if self.old_last and self.old_done >= self.old_last:
            found.append(
                f"Versions up to {self.old_last} are older than the seal: it proves them as they"
                " were when they were sealed."
            )
        elif self.old_last:
            found.append(
                f"Versions up to {self.old_last} are older than the seal; those up to"
                f" {self.old_done} are sealed."
            )
        if self.size:
            found.append(self._signature)
        if self.late:
            found.append(
                f"{counted(self.late, 'version')} committed late, after one with a greater number."
            )
        waiting = self.unsealed
        if waiting.new or waiting.rows:
            oldest = (
                ""
                if waiting.oldest_new is None
                else f", the oldest from {waiting.oldest_new:%Y-%m-%d %H:%M} UTC"
            )
            versions = f"{counted(waiting.new, 'version')}{oldest}" if waiting.new else ""
            rows = counted(waiting.rows, "other row") if waiting.rows else ""
            both = " and ".join(filter(None, (versions, rows)))
            found.append(
                f"Not sealed yet: {both}. If they are older than a minute, no puller seals,"
                " or the end of the seal was removed: compare with a kept checkpoint."
            )
        return found

    @property
    def _signature(self) -> str:
        signed = self.signed
        if not signed.key:
            return "No root is signed: whoever can write to the database can make all of it anew."
        when = "" if signed.at is None else f" on {signed.at:%Y-%m-%d %H:%M} UTC"
        said = f"Signed with the key {signed.key} up to leaf {signed.size} of {self.size}{when}"
        if not signed.trusted:
            said += "; whether the key is the right one only its owner's word tells (--key)"
        return f"{said}."

    @property
    def document(self) -> JsonObject:
        """The same for machines."""
        return {
            "good": self.good,
            "origin": self.origin,
            "size": self.size,
            "root": self.root.hex(),
            "versions": self.versions,
            "rows": self.rows,
            "late": self.late,
            "unsealed": {
                "new": self.unsealed.new,
                "old": self.unsealed.old,
                "rows": self.unsealed.rows,
            },
            "signed": {
                "key": self.signed.key or None,
                "size": self.signed.size,
                "at": None if self.signed.at is None else self.signed.at.isoformat(),
                "trusted": self.signed.trusted,
            },
            "sealed_since": None if self.begun is None else self.begun.isoformat(),
            "older_than_the_seal": self.old_last,
            "older_sealed": self.old_done,
            "faults": self.faults,
            "findings": [each.document for each in self.findings],
            "notes": list(self.notes),
        }


def name_of(kind: str, number: int) -> str:
    """A sealed row for people."""
    return f"version {number}" if kind == VERSION else f"{kind} {number}"


def _same(before: str, after: str) -> int:
    """How many letters at the beginning are the same, some of which are shown again."""
    pairs = zip(before, after, strict=False)
    same = next((at for at, (old, new) in enumerate(pairs) if old != new), 0)
    return max(0, same - _AROUND)


def _cut(line: str, same: int) -> str:
    """A line of bearable length, around the place where it differs."""
    if len(line) <= _LONGEST:
        return line
    begin = line[:_AROUND] + " ... " if same > _AROUND else ""
    rest = line[same:] if begin else line
    return begin + (rest if len(rest) <= _LONGEST else f"{rest[:_LONGEST]} ...")
