"""What the puller remembers for all clients to read."""

from app.domain.masking import keep_secret
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullState, PullStatus
from app.models.database.engine import Database
from app.models.pulling import pull_records
from app.services.pulling.dqm_gui import GuiStore
from app.services.pulling.store import PullStore

SAID = "no answer to Bearer eyJhbGciOi.J9-_ of the-secret-of-oms: a\0b \ud800 password=hunter2"
TOLD = "no answer to Bearer *** of ***: a\N{REPLACEMENT CHARACTER}b ? password=***"


def test_that_a_failure_is_kept_without_secrets_whatever_it_says(database: Database) -> None:
    keep_secret("the-secret-of-oms")
    store = PullStore(database)
    store.remember_failure(390001, SAID)
    store.remember_failure(390002, "x" * 100_000)
    long, short = store.failed_runs()
    assert short.reason == TOLD
    assert len(long.reason) == 2000


def test_that_the_state_of_a_puller_is_told_without_secrets(database: Database) -> None:
    keep_secret("the-secret-of-oms")
    status = PullStatus(PullState.UNAVAILABLE, SAID, puller="me")
    PullStore(database).report(status)
    with database.read() as connection:
        reported = pull_records.reported(connection, "oms")
    assert reported is not None
    assert reported.activity == TOLD


def test_that_the_state_of_the_gui_s_puller_is_told_without_secrets(database: Database) -> None:
    keep_secret("the-secret-of-oms")
    store = GuiStore(database)
    store.report(GuiStatus(PullState.UNAVAILABLE, SAID, puller="me"))
    reported = store.reported()
    assert reported is not None
    assert reported.activity == TOLD


def test_that_a_trouble_is_told_to_all_clients_until_a_pull_succeeds(database: Database) -> None:
    store = PullStore(database)
    told = []
    for state, activity in (
        (PullState.PULLING, ""),
        (PullState.UNAVAILABLE, "no connection"),
        (PullState.PULLING, "reading"),
        (PullState.WAITING, ""),
    ):
        store.report(PullStatus(state, activity, puller="me"))
        reported = store.reported()
        assert reported is not None
        told.append(reported.trouble)
    assert told == ["", "no connection", "no connection", ""]
