"""Notes on a guarded database: everybody's own, whatever the client says."""

import psycopg
import pytest

from app.domain.errors import NotPermitted
from app.domain.lumisections import LumiRange
from app.services import notes
from tests.models.guard.attacks.notes import note
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import FIRST, PROMPT, address
from tests.models.guard.test_program_on_guard import acting_as


def test_that_notes_are_of_who_wrote_them_and_changed_by_nobody_else(
    come_in: Login, guarded_dsn: str
) -> None:
    dt, nobody = acting_as(come_in("g_dt")), acting_as(come_in("g_nobody"))
    made = notes.add(dt, FIRST, PROMPT, [LumiRange(3, 5)], "HV trip").number
    notes.reply(nobody, made, "seen in the elog")

    def refusal(login: str, **said: object) -> str:
        with psycopg.connect(address(guarded_dsn, login)) as connection:
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(note(about=made, **said))
            connection.rollback()
        return str(refused.value).splitlines()[0]

    assert f"may not change note {made}" in refusal("g_nobody", kind="taken back")
    assert f"may not change note {made}" in refusal("g_expert", kind="correction")
    assert f"may not change note {made}" in refusal("g_dt", kind="perhaps")
    assert "There is no note" in refusal("g_dt", kind="reply", ranges="[[1, 2]]")
    with pytest.raises(NotPermitted):
        notes.take_back(nobody, made, "I don't like it")
    # The name of somebody else is not taken, nor is a time.
    with psycopg.connect(address(guarded_dsn, "g_nobody")) as connection:
        connection.execute(note(by="dt@cern.ch", ranges="[]", text="mine"))
    notes.correct(dt, made, "HV trip of wheel 2")
    notes.take_back(acting_as(come_in("g_expert")), made, "wrong run")
    first, second = notes.of_run(dt, FIRST)
    assert (first.by, first.text) == ("dt@cern.ch", "HV trip of wheel 2")
    assert first.taken_back is not None
    assert first.taken_back.by == "expert@cern.ch"
    assert [each.by for each in first.replies] == ["nobody@cern.ch"]
    assert (second.by, second.text) == ("nobody@cern.ch", "mine")
