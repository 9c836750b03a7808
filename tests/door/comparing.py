"""Answers of two servers side by side."""

from collections.abc import Iterator

import pytest

from tests.conformance.recording import Step

DROPPED = frozenset(
    {
        "version",
        "atomic_version",
        "createdAt",
        "updatedAt",
        "lumisection_metadata_id",
        "timestamp",
        "runregistry_version",
        "jobId",
    }
)
"""Numbers and times that nobody else gets."""


def differences(ours: object, theirs: object, path: str = "") -> Iterator[str]:
    """Where two answers differ, by the path to it."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in sorted((theirs.keys() | ours.keys()) - DROPPED):
            if name not in ours or name not in theirs:
                yield f"{path}.{name} is {'missing' if name not in ours else 'more'}"
            else:
                yield from differences(ours[name], theirs[name], f"{path}.{name}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        if len(ours) != len(theirs):
            yield f"{path} has {len(ours)} instead of {len(theirs)}"
        for at, (mine, their) in enumerate(zip(ours, theirs, strict=False)):
            yield from differences(mine, their, f"{path}[{at}]")
    elif {type(ours), type(theirs)} in ({float}, {int, float}):
        if ours != pytest.approx(theirs, rel=1e-12):
            yield f"{path} is {ours} instead of {theirs}"
    elif ours != theirs:
        yield f"{path} is {str(ours)[:120]!r} instead of {str(theirs)[:120]!r}"


def is_request(step: Step) -> bool:
    return step.request.get("method") in {"GET", "POST", "PUT", "DELETE"}
