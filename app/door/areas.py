"""What an area of addresses is: who answers each, in which lane, and how errors are told there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from app.door.asking import Answerer

LaneName: TypeAlias = Literal["reads", "writes", "lists", "site"]
READS: LaneName = "reads"
WRITES: LaneName = "writes"
LISTS: LaneName = "lists"
SITE: LaneName = "site"


@dataclass(frozen=True)
class Address:
    """A method and a path, who answers it, and the lane of threads in which."""

    method: str
    path: str
    answerer: Answerer
    lane: LaneName = READS


@dataclass(frozen=True)
class Area:
    """Addresses that are answered in one manner.

    `prefixes` stand before each path. `told` answers an error: one of the program's own, a bug as
    it was raised, or NoSuchAddress for a path that `owns` but doesn't have.
    """

    addresses: tuple[Address, ...]
    told: Callable[[Request, Exception], Response]
    owns: Callable[[Request], bool]
    prefixes: tuple[str, ...] = ("",)
