"""Publishing on a guarded database: by experts, in order, under the name that follows."""

from pathlib import Path

import psycopg
import pytest

from app.domain.errors import NotPermitted
from app.domain.progress import SILENT
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.golden.official import publications, publishing
from tests.models.guard.attacks.publications import publication
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import PROMPT, address
from tests.models.guard.test_confirming import RULE, checker
from tests.models.guard.test_program_on_guard import acting_as

ERA = "Collisions2025"


def official(person: Acting, puller: Database) -> int:
    made = golden.generate(person, PROMPT, RULE, official=True)
    checker(puller).turn(SILENT)
    assert golden.row(person, made.id).entry.official
    return made.id


def test_that_an_expert_publishes_in_order_and_in_their_own_name(
    come_in: Login, guarded_dsn: str, tmp_path: Path
) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    first, second = official(person, puller), official(person, puller)
    row = golden.row(person, first).entry
    name = f"Cert_{ERA}_{row.min_run_number}_{row.max_run_number}_Golden"

    def refusal(list_: int, **said: object) -> str:
        with psycopg.connect(address(guarded_dsn, "g_expert")) as connection:
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(publication(list_, **{"name": name, **said}))
            connection.rollback()
        return str(refused.value).splitlines()[0]

    assert "under that name" in refusal(first, name="Cert_mine")
    assert "is no list of kind" in refusal(first, kind="best")
    assert "is no list of kind golden of Collisions2024" in refusal(first, era="Collisions2024")
    assert "does not follow the newest" in refusal(first, number=2, name=f"{name}_v2")
    assert "does not follow the newest" in refusal(first, parent=second)
    done = publishing.publish(person, [first], tmp_path)
    assert done.publications[0].by == "expert@cern.ch"
    assert "does not follow the newest" in refusal(second, number=2, name=f"{name}_v2")
    assert "say why" in refusal(second, number=2, parent=first, name=f"{name}_v2", why=" ")
    with psycopg.connect(address(guarded_dsn, "g_expert")) as connection:
        made = {"number": 2, "parent": first, "name": f"{name}_v2", "why": "x", "by": "dt@cern.ch"}
        connection.execute(publication(second, **made))
    newest, _ = publications.published(person, ERA)
    assert (newest.list_id, newest.by) == (second, "expert@cern.ch")
    assert publishing.publish(person, [second], tmp_path).written
    third, shifter = official(person, puller), acting_as(come_in("g_shifter"))
    with pytest.raises(NotPermitted):
        publishing.publish(shifter, [third], tmp_path, "x")
