"""Who acts."""

from dataclasses import dataclass

AUTO = "auto@auto"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person: e-mail and the e-groups that give rights."""

    email: str
    egroups: frozenset[str] = frozenset()


NOBODY = Actor("")
"""Somebody unknown, who may read and nothing else."""


def auto_author(requested_by: Actor | None = None) -> str:
    """Author string of an automatic change, with the person who asked for it if there is one."""
    return AUTO if requested_by is None else f"{AUTO} - {requested_by.email}"


def agent_author(name: str) -> str:
    """Author string of what an agent writes in its own name."""
    return f"{AUTO} - {name}"


def is_manual(author: str) -> bool:
    """Whether a change by `author` counts as a person's word, which beats every automatic one."""
    return not author.startswith(AUTO)
