"""The running of one command."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.commands import writes
from app.cli.output import Answer, complain
from app.cli.parser import Arguments
from app.cli.program import Program
from app.domain.errors import again_when_cancelled
from app.models.database import outcome


def run(program: Program, arguments: Arguments) -> Answer:
    """Does what the arguments say."""

    def act() -> object:
        return arguments.command(program, arguments)

    if writes(arguments):
        with _found_is_told(aloud=not arguments.verbose):
            answer = act()
    else:
        answer = again_when_cancelled(act)
    assert isinstance(answer, Answer)
    return answer


class _Complaining(logging.Handler):
    """Says on the terminal what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


@contextmanager
def _found_is_told(*, aloud: bool) -> Iterator[None]:
    """Meanwhile it is said when a change is there although its answer was lost; not `aloud` where
    the log is on the terminal anyway."""
    handler = _Complaining(logging.WARNING if aloud else logging.CRITICAL)
    outcome.logger.addHandler(handler)
    try:
        yield
    finally:
        outcome.logger.removeHandler(handler)
