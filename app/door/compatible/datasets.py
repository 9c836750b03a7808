"""Datasets: pages of the table, one dataset, and the names of a run's."""

from starlette.responses import Response

from app.domain.errors import BadInput
from app.door import answers
from app.door.asking import Asked
from app.door.compatible import paging
from app.services.web_service import rows


def filtered(asked: Asked) -> Response:
    """`POST /datasets_filtered_ordered`."""
    return paging.page(asked, "datasets", rows.listed_datasets)


def one(asked: Asked) -> Response:
    """`POST /datasets/get_dataset`."""
    key = asked.number(asked.body.get("run_number")), str(asked.body.get("dataset_name"))
    found = rows.dataset(asked.reading, key)
    if found is None:
        raise BadInput("Dataset not found")
    return answers.answer(found)


def names_of_run(asked: Asked) -> Response:
    """`GET /get_all_dataset_names_of_run/N`."""
    number = asked.number(asked.part("run_number"))
    return answers.answer(list(rows.names_of_run(asked.reading, number)))
