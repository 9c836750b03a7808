"""Who pulls: one client among all that are open."""

from typing import Protocol


class Election(Protocol):
    """A lock that one client holds and loses when it dies. Calls may wait for the database."""

    @property
    def nobody(self) -> str:
        """What to tell when nobody holds it and this client can't; empty where it is soon taken."""

    def try_acquire(self) -> bool:
        """Takes the lock when nobody holds it; true when it is ours. Raises `Unavailable`."""

    def held(self) -> bool:
        """Whether the lock is still ours: false once its connection broke."""

    def holder(self) -> str | None:
        """The name of the client that holds the lock, None when it isn't known."""

    def release(self) -> None:
        """Gives the lock up; nothing happens when it isn't ours."""
