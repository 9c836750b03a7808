"""Names that a person gave and nothing has: refused with the nearest that there are."""

from collections.abc import Iterable
from difflib import get_close_matches

from app.domain.errors import NotFound

_NEAREST = 3
_CLOSE = 0.6
_CLOSE_AT_THE_END = 0.75
_CLOSE_AS_A_WHOLE = 0.88
_LISTED = 12


def not_found(sentence: str, name: str, known: Iterable[str]) -> NotFound:
    """`sentence` says what there isn't, without its full stop; what there is instead follows: the
    names that look like `name`, or all of them where they are few."""
    names = sorted({each for each in known if each})
    by_letters = {each.casefold(): each for each in names}
    near = [
        by_letters[each]
        for each in get_close_matches(name.casefold(), by_letters, _NEAREST, _CLOSE)
    ]
    if near:
        return NotFound(f"{sentence}. Did you mean {' or '.join(near)}?")
    if 0 < len(names) <= _LISTED:
        return NotFound(
            f"{sentence}. There {'is' if len(names) == 1 else 'are'} {', '.join(names)}."
        )
    return NotFound(f"{sentence}.")


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


def no_dataset(run_number: int, name: str, known: Iterable[str]) -> NotFound:
    """A run has no dataset of that name."""
    return not_found(f"Run {run_number} has no dataset {name}", name, known)


def no_version(version: int, newest: int) -> NotFound:
    """There is no version of that number."""
    return NotFound(
        f"There is no version {version}. The newest is {newest}."
        if newest
        else f"There is no version {version}: nothing has been written yet."
    )
