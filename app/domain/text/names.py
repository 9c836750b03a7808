"""Names that a person gave and nothing has: refused with the nearest that there are."""

from collections.abc import Iterable
from difflib import get_close_matches

from app.domain.errors import NotFound, Refused

_NEAREST = 3
_CLOSE = 0.6
_CLOSE_AT_THE_END = 0.75
_CLOSE_AS_A_WHOLE = 0.88
_LISTED = 12


def not_found(
    sentence: str,
    name: str,
    known: Iterable[str],
    kind: type[Refused] = NotFound,
    *,
    listed: bool = True,
) -> Refused:
    """`sentence` says what there isn't, without its full stop; the names that look like `name`
    follow, or all that there are where they are few and to be `listed`."""
    names = sorted({each for each in known if each})
    if near := _nearest(name, names):
        return kind(f"{sentence}. Did you mean {near}?")
    if listed and 0 < len(names) <= _LISTED:
        return kind(f"{sentence}. There {'is' if len(names) == 1 else 'are'} {', '.join(names)}.")
    return kind(f"{sentence}.")


def no_dataset(run_number: int, name: str, known: Iterable[str]) -> Refused:
    """A run has no dataset of that name."""
    return not_found(f"Run {run_number} has no dataset {name}", name, known, listed=False)


def no_rule(name: str, shipped: Iterable[str], saved: Iterable[str] = ()) -> Refused:
    """There is no rule of that name, saved or shipped."""
    what = f'There is no rule "{name}"; shipped are {", ".join(sorted(shipped))}'
    return not_found(what, name, {*shipped, *saved}, listed=False)


def _nearest(name: str, known: Iterable[str]) -> str:
    """Names that look like one, for a question; nothing when none does."""
    by_letters = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), by_letters, _NEAREST, _CLOSE)
    return " or ".join(by_letters[each] for each in near)


def nearest_variables(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Dotted paths that may have been meant, the likeliest first: those that end alike, as what
    stands before the last dot is what people leave out or take for another."""
    names = [*known]
    last = name.rpartition(".")[2].casefold()
    ends = {each.rpartition(".")[2]: each for each in reversed(names)}
    found = [each for each in names if each.rpartition(".")[2].casefold() == last]
    found += [ends[end] for end in get_close_matches(last, ends, _NEAREST, _CLOSE_AT_THE_END)]
    found += get_close_matches(name, names, _NEAREST, _CLOSE_AS_A_WHOLE)
    return tuple(dict.fromkeys(found))[:_NEAREST]


def no_version(version: int, newest: int) -> NotFound:
    """There is no version of that number."""
    return NotFound(
        f"There is no version {version}. The newest is {newest}."
        if newest
        else f"There is no version {version}: nothing has been written yet."
    )
