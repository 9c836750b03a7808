"""Cycles of certification, and the datasets that are accepted."""

from starlette.responses import Response

from app.door import answers
from app.door.asking import Asked
from app.services.web_service import cycles


def all_cycles(asked: Asked) -> Response:
    """`GET /cycles/WORKSPACE`: all of them, those pending there first."""
    return answers.answer(list(cycles.cycles(asked.reading, asked.part("workspace"))))


def datasets_accepted(asked: Asked) -> Response:
    """`GET /datasets_accepted`."""
    return answers.answer(list(cycles.datasets_accepted(asked.reading)))
