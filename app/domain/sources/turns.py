"""What a job of pullers says of one turn."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Turned:
    """One turn of a job: in a few words what it did; with `rest_s` there is more to do, after so
    many seconds."""

    text: str
    rest_s: float | None = None
