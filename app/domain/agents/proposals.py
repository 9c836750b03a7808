"""Registered agents, their columns and their proposals."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from app.domain.errors import BadInput
from app.domain.lumisections import LumiRange, count
from app.domain.text.names import not_found
from app.domain.triplets import Triplet

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{1,59}")
_LONGEST_VERSION = 60


class Mode(Enum):
    """Whether an agent writes a column itself, or proposes values to people."""

    WRITES = "writes"
    PROPOSES = "proposes"


class ProposalState(Enum):
    """What became of a proposal.

    `AGREED`: the cells already had that status; `SUPERSEDED`: the agent proposed something newer,
    or took it back; `WRITTEN`: the agent wrote it into a column of its own.
    """

    OPEN = "open"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    AGREED = "agreed"
    SUPERSEDED = "superseded"
    WRITTEN = "written"


class AgentColumn(NamedTuple):
    """A column of an agent, its mode, and the column of people that it is compared with."""

    column: str
    mode: Mode
    judged_by: str


@dataclass(frozen=True)
class Agent:
    """A version of an agent; it is in force while `retired` is None."""

    id: int
    name: str
    version: str
    owner: str
    columns: tuple[AgentColumn, ...]
    registered: datetime
    retired: datetime | None = None

    @property
    def title(self) -> str:
        """Name and version, as in comments and lists."""
        return f"{self.name} {self.version}"

    @cached_property
    def by_column(self) -> Mapping[str, AgentColumn]:
        """Its columns by name."""
        return {column.column: column for column in self.columns}


class Proposal(Struct, frozen=True):
    """A value that an agent proposes for lumisections of a column, and what became of it.

    `version` is the one that wrote it, if it was written.
    """

    id: int
    agent: str
    agent_version: str
    run_number: int
    dataset: str
    column: str
    ranges: tuple[LumiRange, ...]
    triplet: Triplet
    proposed: datetime
    state: ProposalState
    decided_by: str = ""
    decided: datetime | None = None
    version: int | None = None
    reason: str = ""

    @property
    def key(self) -> tuple[int, str]:
        """Its dataset."""
        return self.run_number, self.dataset

    @property
    def lumisections(self) -> int:
        """Number of lumisections."""
        return count(self.ranges)


def check_name(name: str) -> str:
    """A name that can follow `auto@auto - ` and is not an e-mail address."""
    cleaned = name.strip()
    if _NAME.fullmatch(cleaned) is None:
        raise BadInput(
            f'"{name}" is not a valid name of an agent: use 2 to 60 letters, digits and . _ + -'
            " (no spaces, no @)."
        )
    return cleaned


def check_version(version: str) -> str:
    """A short text without a line break."""
    cleaned = version.strip()
    if not cleaned or len(cleaned) > _LONGEST_VERSION or not cleaned.isprintable():
        raise BadInput(f"The version of an agent must have 1 to {_LONGEST_VERSION} characters.")
    return cleaned


def check_columns(
    columns: Sequence[AgentColumn], known: Collection[str]
) -> tuple[AgentColumn, ...]:
    """At least one column, none twice, all of them columns of some workspace."""
    if not columns:
        raise BadInput("An agent needs at least one column.")
    seen: set[str] = set()
    for column in columns:
        if column.column in seen:
            raise BadInput(f"The column {column.column} is given twice.")
        seen.add(column.column)
        for name in (column.column, column.judged_by):
            if name not in known:
                raise not_found(f"No workspace has a column {name}", name, known, BadInput)
    return tuple(columns)


def parse_agent_column(text: str, mode: Mode) -> AgentColumn:
    """`tracker-pixel`, or `ml-pixel=tracker-pixel` with the column it is compared with."""
    column, _, judged_by = (part.strip() for part in text.partition("="))
    return AgentColumn(column, mode, judged_by or column)


def accepted_comment(agents: Collection[str], given: str = "") -> str:
    """The comment of a version in which a person accepted proposals."""
    by = ", ".join(sorted(agents))
    return f"{given.strip()} (proposed by {by})" if given.strip() else f"Accepted from {by}"
