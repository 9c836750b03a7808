"""Runs: pages of the table, and one run."""

from starlette.responses import Response

from app.domain.errors import BadInput
from app.door import answers
from app.door.asking import Asked
from app.door.compatible import paging
from app.services.web_service import rows


def filtered(asked: Asked) -> Response:
    """`POST /runs_filtered_ordered`."""
    return paging.page(asked, "runs", rows.listed_runs)


def one(asked: Asked) -> Response:
    """`GET /runs/N`."""
    found = rows.run(asked.reading, asked.number(asked.part("run_number")))
    if found is None:
        raise BadInput("Run not found")
    return answers.answer(found)
