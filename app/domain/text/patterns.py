"""Regular expressions that somebody else wrote: routes of permissions, names in the DQM GUI.

They are matched in a time that grows with the length of the text and nothing else. Python's own
engine backtracks: an expression of a few letters stops it, and with it every thread, for minutes.
"""

import re
from functools import lru_cache

import re2

_LONGEST = 2_000  # characters of an expression
_LARGEST = 2_000  # steps of its program; the largest real one has 191
_MEMORY = 1 << 20  # bytes of one expression and of what is remembered while matching
_MOST_REPETITIONS = 1000

# Read as plain text by the engine, and as a repetition by the web service.
_REPETITION = re.compile(r"\\.|\{(?P<least>\d+)(?:,(?P<most>\d*))?\}", re.ASCII | re.DOTALL)
# Read as letters by the engine, and as these characters one by one by the web service.
_NAMED_CLASS = re.compile(r"\\.|(?P<named>\[:\^?[a-z]+:\])", re.DOTALL)


class PatternError(ValueError):
    """The text can't be read as a regular expression; says why in a few words."""


class Pattern:
    """A regular expression, ready to be matched."""

    __slots__ = ("_compiled",)

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise PatternError(f"it is longer than {_LONGEST} characters")
        _check_meaning(text)
        try:
            self._compiled = re2.compile(text, _options())
        except re2.error as error:
            raise PatternError(_said(error)) from error
        except UnicodeError as error:
            raise PatternError("it holds half a character") from error
        if self._compiled.programsize > _LARGEST:
            raise PatternError("it is too large")

    def begins(self, text: str) -> bool:
        """Whether it matches at the start of the text; the end stays open."""
        return self._compiled.match(_encoded(text)) is not None

    def is_in(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        return self._compiled.search(_encoded(text)) is not None


@lru_cache(maxsize=4096)
def pattern(text: str) -> Pattern:
    """The expression, read once; PatternError when it can't be."""
    return Pattern(text)


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.never_capture = True
    options.log_errors = False
    return options


def _check_meaning(text: str) -> None:
    """Refuses what the engine reads, but as something else than the web service does."""
    for found in _REPETITION.finditer(text):
        for number in (found["least"], found["most"]):
            # The digits are counted first: Python refuses to read thousands of them.
            if number and (len(number) > 9 or int(number) > _MOST_REPETITIONS):
                raise PatternError(f"it repeats something more than {_MOST_REPETITIONS} times")
    if any(found["named"] for found in _NAMED_CLASS.finditer(text)):
        raise PatternError("it names a class of characters, as in [:alpha:]")


def _said(error: re2.error) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
