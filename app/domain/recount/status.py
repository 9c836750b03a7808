"""How complete and how fresh what is derived is, in words."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.counting import counted, number
from app.domain.sources.intake import IntakeState


@dataclass(frozen=True)
class Finding:
    """A part of a derived row that said something else than the events.

    `name` is empty for a row of a run; `lumisections` where it was about some. What isn't
    `repaired` waits for somebody who may.
    """

    table: str
    run_number: int
    name: str
    part: str
    lumisections: str
    expected: str
    found: str
    noticed_by: str
    at: datetime | None = None
    repaired: bool = True

    @property
    def place(self) -> str:
        """The row in words: table, run and dataset."""
        of = f"run {self.run_number}"
        return f"{self.table}, {of}" + (f", {self.name}" if self.name else "")

    @property
    def text(self) -> str:
        """What was found and what became of it, in sentences."""
        where = f", LS {self.lumisections}" if self.lumisections else ""
        if self.part == "more":
            return f"{self.place}: more of this row was wrong."
        done = "It is right again." if self.repaired else "It isn't repaired."
        return (
            f"{self.place}: {self.part}{where} was {self.found}; the events say"
            f" {self.expected}. {done}"
        )

    @property
    def line(self) -> str:
        """The same with who noticed it and when, where it was kept."""
        if self.at is None:
            return self.text
        return f"{self.at:%Y-%m-%d %H:%M} UTC, {self.noticed_by}: {self.text}"


@dataclass(frozen=True)
class Recounted:
    """What one step did: rows counted again, those brought up to date because they were missing
    or older than what they are derived from, and what was false.

    `busy` runs were being written to and are left for the next step; of `failed` ones the events
    can't be read. `pending` says that changes are left that nobody has counted yet.
    """

    rows: int = 0
    renewed: int = 0
    findings: tuple[Finding, ...] = ()
    busy: tuple[int, ...] = ()
    failed: tuple[str, ...] = ()
    pending: bool = False

    def __add__(self, other: "Recounted") -> "Recounted":
        """Both together; whether anything is left says the later one."""
        return Recounted(
            self.rows + other.rows,
            self.renewed + other.renewed,
            (*self.findings, *other.findings),
            (*self.busy, *other.busy),
            (*self.failed, *other.failed),
            other.pending,
        )

    @property
    def text(self) -> str:
        """The same in a sentence or two."""
        said = f"{counted(self.rows, 'row')} counted again, {number(self.renewed)} brought up"
        said += f" to date, {counted(len(self.findings), 'false value')} found."
        if self.failed:
            said += f" Not counted: {'; '.join(self.failed)}."
        return said


@dataclass(frozen=True)
class Standing:
    """How complete and how fresh what is derived is.

    `datasets` are known of all, hidden ones too; `counted_since` of them were counted since their
    last change; `stale` summaries are missing or older than their dataset. Versions are
    `atomic_version`s; times are those of the newest and the oldest count.
    """

    datasets: int = 0
    counted_once: int = 0
    counted_since: int = 0
    stale: int = 0
    states: int = 0
    newest_written: int = 0
    newest_taken_in: int = 0
    last: datetime | None = None
    oldest: datetime | None = None
    keeps_marks: bool = False
    unconfirmed: int = 0
    intake: IntakeState | None = None
    findings: tuple[Finding, ...] = ()
    findings_number: int = 0

    @property
    def lines(self) -> tuple[str, ...]:
        """The same in sentences."""
        if not self.keeps_marks:
            return (
                f"Summaries of {number(self.datasets - self.stale)} of"
                f" {counted(self.datasets, 'dataset')} are up to date.",
                "Nobody counts them again here: the schema desk can't be used.",
            )
        said = [
            f"{number(self.counted_since)} of {counted(self.datasets, 'dataset')}"
            f" {'was' if self.counted_since == 1 else 'were'} counted since their last change.",
            f"Summaries of {number(self.stale)} are missing or old; the quick copy of the"
            f" lumisections has {number(self.states)}.",
            f"The newest version written is {self.newest_written}, the newest counted is"
            f" {self.newest_taken_in}.",
        ]
        if self.intake is not None:
            said.insert(0, self.intake.text)
        if self.last is not None and self.oldest is not None:
            said.append(
                f"The last count was at {self.last:%Y-%m-%d %H:%M} UTC;"
                f" {_how_far(self)} the oldest count is of {self.oldest:%Y-%m-%d %H:%M} UTC."
            )
        else:
            said.append("Nothing was counted again yet.")
        if self.unconfirmed:
            said.append(
                f"{counted(self.unconfirmed, 'row')} that people's clients computed"
                f" {'waits' if self.unconfirmed == 1 else 'wait'} for the count of a puller."
            )
        if self.findings_number:
            said.append(f"{counted(self.findings_number, 'false value')} found so far:")
        else:
            said.append("No false value was found so far.")
        return tuple(said)


def _how_far(standing: Standing) -> str:
    if standing.counted_once >= standing.datasets:
        return "every dataset was counted,"
    share = standing.counted_once / standing.datasets
    return f"{share:.0%} of the datasets were counted,"
