"""What goes wrong, said in one sentence."""

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from typing import Any

_NEAREST = 3


class RunRegistryError(Exception):
    """The registry refuses, can't be reached, or was asked for what it doesn't have."""


class NotConnected(RunRegistryError):
    """This takes a registry, and the list or the connection has none."""


class UnknownVariableWarning(UserWarning):
    """A rule reads what no lumisection has: most likely a name is mistyped."""


def no_such(sentence: str, name: str, known: Iterable[str]) -> RunRegistryError:
    """`sentence` says what there isn't, without its full stop: names that look like `name`
    follow, or else all that there are."""
    by_letters = {each.casefold(): each for each in sorted(known)}
    near = get_close_matches(name.casefold(), by_letters, _NEAREST)
    if near:
        return RunRegistryError(
            f"{sentence}. Did you mean {' or '.join(by_letters[each] for each in near)}?"
        )
    there = ", ".join(by_letters.values()) or "none"
    return RunRegistryError(f"{sentence}: there {'are' if by_letters else 'is'} {there}.")


def table_package(name: str) -> Any:
    """A package that tables take, which a reader of arrays goes without."""
    return package_of_extra(name, name, "tables")


def package_of_extra(module: str, package: str, extra: str) -> Any:
    """A module of a package that only an extra brings."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise RunRegistryError(
            f"This takes {package}, which isn't installed: pip install"
            f" 'run-registry-desktop[{extra}]'."
        ) from error
