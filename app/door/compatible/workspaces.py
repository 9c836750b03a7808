"""Workspaces."""

from starlette.responses import Response

from app.door import answers
from app.door.asking import Asked
from app.services.web_service import workspaces


def of_place(asked: Asked) -> Response:
    """`GET /workspaces/online` and `offline`."""
    return answers.answer(list(workspaces.workspaces(asked.reading, asked.part("where"))))
