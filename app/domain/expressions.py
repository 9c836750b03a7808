"""Regular expressions that persons write into the configuration."""

import re


class BadExpression(ValueError):
    """A text is no regular expression; says why."""


def compiled(text: str) -> re.Pattern[str]:
    """The expression of a text. Raises `BadExpression`."""
    try:
        return re.compile(text)
    except re.error as error:
        raise BadExpression(str(error)) from error
    except OverflowError as error:
        raise BadExpression("a number in it is too great") from error
    except RecursionError as error:
        raise BadExpression("its parentheses stand too deep inside each other") from error
