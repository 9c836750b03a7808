from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from app.settings.declared import Faulty, Hidden, declared_in, setting
from app.settings.values import Names, Recipients, WebAddress


@dataclass(frozen=True)
class Some:
    """A setting of each kind."""

    text: str | None = setting("Help.")
    secret: Hidden | None = setting("Help.")
    file: Path = setting("Help.", Path("a"))
    on: bool = setting("Help.", True)
    number: int = setting("Help.", 5, least=2, most=100_000)
    seconds: float = setting("Help.", 0.5, least=0.0, most=60.0)
    theme: Literal["system", "light", "dark"] = setting("Help.", "system")
    names: Names = setting("Help.", ())
    page: WebAddress | None = setting("Help.")
    by_kind: Recipients = setting("Help.", made=dict)


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("text", "x", "x"),
        ("text", None, None),
        ("secret", "x", Hidden("x")),
        ("file", "b/c", Path("b/c")),
        ("file", Path("b"), Path("b")),
        ("on", "OFF", False),
        ("on", "yes", True),
        ("on", 0, False),
        ("on", 1, True),
        ("number", " 1000 ", 1000),
        ("number", "7.0", 7),
        ("number", 7.0, 7),
        ("seconds", 3, 3.0),
        ("seconds", "1.5e1", 15.0),
        ("theme", "dark", "dark"),
        ("names", ["a", "b"], ("a", "b")),
        ("names", "a, b", ("a", "b")),
        ("page", "https://x.ch/y/", "https://x.ch/y"),
        ("by_kind", {"flags": "x@y.ch"}, {"flags": "x@y.ch"}),
    ],
)
def test_that_a_value_is_read_as_its_type(name, given, read):
    value = declared_in(Some)[name].read(given)

    assert value == read
    assert type(value) is type(read)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("text", 5, "must be a text"),
        ("secret", 5, "must be a text"),
        ("file", 5, "must be a path"),
        ("file", None, "must be a path"),
        ("on", "perhaps", "must be on or off"),
        ("on", [], "must be on or off"),
        ("on", 2, "must be on or off"),
        ("number", "x", "must be a whole number from 2 to 100000"),
        ("number", "9" * 5000, "must be a whole number from 2 to 100000"),
        ("number", 2.5, "must be a whole number from 2 to 100000"),
        ("number", float("inf"), "must be a whole number from 2 to 100000"),
        ("number", [], "must be a whole number from 2 to 100000"),
        ("number", 1, "must be a whole number from 2 to 100000"),
        ("number", 10**400, "must be a whole number from 2 to 100000"),
        ("seconds", "x", "must be a number from 0 to 60"),
        ("seconds", {}, "must be a number from 0 to 60"),
        ("seconds", 10**400, "must be a number from 0 to 60"),
        ("seconds", "nan", "must be a number from 0 to 60"),
        ("seconds", 60.5, "must be a number from 0 to 60"),
        ("theme", "blue", "must be system, light or dark"),
        ("theme", [], "must be system, light or dark"),
        ("names", 5, "must be a list of names, such as a,b"),
        ("names", ["a", 1], "must be a list of names, such as a,b"),
        ("page", "x.ch", "is not a web address"),
        ("by_kind", [], "must be addresses by kind, such as all=group@cern.ch; kinds are all,"),
        ("by_kind", {"c": "x@y.ch"}, "must be addresses by kind"),
        ("by_kind", {"flags": "x"}, "is not an e-mail address"),
    ],
)
def test_that_what_cannot_be_right_is_refused_with_the_reason(name, given, says):
    with pytest.raises(Faulty) as refused:
        declared_in(Some)[name].read(given)

    assert refused.value.name == name
    assert says in refused.value.reason


def test_that_a_hidden_text_is_not_shown():
    assert "s3cret" not in f"{Hidden('s3cret')} {Hidden('s3cret')!r}"
