"""Machines as authors: registered agents, what they may speak for, what they propose."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from app.domain.errors import BadInput
from app.domain.lumisections import LumiRange, count
from app.domain.text.names import not_found
from app.domain.triplets import Triplet

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{1,59}")
_LONGEST_VERSION = 60


class Mode(Enum):
    """What becomes of an agent's word in a column: written at once, or proposed to people."""

    WRITES = "writes"
    PROPOSES = "proposes"


class ProposalState(Enum):
    """What became of a proposal.

    `AGREED`: the cells held that status already; `SUPERSEDED`: the agent said something newer;
    `WRITTEN`: it went into a column of the agent's own.
    """

    OPEN = "open"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    AGREED = "agreed"
    SUPERSEDED = "superseded"
    WRITTEN = "written"


class Speaks(NamedTuple):
    """A column that an agent speaks for, how, and the column of people it is judged by."""

    column: str
    mode: Mode
    judged_by: str


@dataclass(frozen=True)
class Agent:
    """A version of an agent; `retired` None means that it may speak."""

    id: int
    name: str
    version: str
    owner: str
    columns: tuple[Speaks, ...]
    registered: datetime
    retired: datetime | None = None

    @property
    def title(self) -> str:
        """Name and version, as comments and lists call it."""
        return f"{self.name} {self.version}"

    @cached_property
    def by_column(self) -> Mapping[str, Speaks]:
        """Its columns by name."""
        return {each.column: each for each in self.columns}


@dataclass(frozen=True, slots=True)
class Proposal:
    """An agent's word on a column of a dataset in some lumisections, and what became of it.

    `version` is the one that wrote it, where one did.
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
    """A name that can stand behind `auto@auto - ` and is no e-mail."""
    cleaned = name.strip()
    if _NAME.fullmatch(cleaned) is None:
        raise BadInput(
            f'"{name}" is no name of an agent: 2 to 60 letters, figures and . _ + - without'
            " blanks or @."
        )
    return cleaned


def check_version(version: str) -> str:
    """A short text without a line break."""
    cleaned = version.strip()
    if not cleaned or len(cleaned) > _LONGEST_VERSION or not cleaned.isprintable():
        raise BadInput(f"The version of an agent is a text of 1 to {_LONGEST_VERSION} characters.")
    return cleaned


def check_columns(columns: Sequence[Speaks], known: Collection[str]) -> tuple[Speaks, ...]:
    """At least one column, each once, all of them columns of some workspace."""
    if not columns:
        raise BadInput("An agent speaks for at least one column.")
    seen: set[str] = set()
    for each in columns:
        if each.column in seen:
            raise BadInput(f"The column {each.column} is there twice.")
        seen.add(each.column)
        for name in (each.column, each.judged_by):
            if name not in known:
                raise not_found(f"No workspace has a column {name}", name, known, BadInput)
    return tuple(columns)


def parse_speaks(text: str, mode: Mode) -> Speaks:
    """`tracker-pixel`, or `ml-pixel=tracker-pixel` with the column it is judged by."""
    column, _, judged_by = (part.strip() for part in text.partition("="))
    return Speaks(column, mode, judged_by or column)


def accepted_comment(agents: Collection[str], given: str = "") -> str:
    """The comment of a version by which a person made agents' words their own."""
    by = ", ".join(sorted(agents))
    return f"{given.strip()} (proposed by {by})" if given.strip() else f"Accepted from {by}"
