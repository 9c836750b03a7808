"""The HTTP client. It is loaded by the first request: most commands make none, and a window has its
table before."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["httpx"]


class _Late(ModuleType):
    """A module that is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        # What Python looks for in every module isn't asked of the client.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


if TYPE_CHECKING:
    import httpx
else:
    httpx = _Late("httpx")
