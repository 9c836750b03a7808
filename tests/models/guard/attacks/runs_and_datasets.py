"""Attacks on runs, datasets, lumisections, and what is derived from them."""

from collections.abc import Iterator

from app.models.schemas import desk
from tests.models.guard.attacks.said import (
    CSC,
    DENIED,
    DT,
    NOTHING,
    Attack,
    E,
    bits,
    cells,
    covers,
    dataset_event,
    event,
    run_event,
    said,
    triplet,
    version,
)
from tests.models.guard.guarded import FIRST, OPEN_RUN, PROMPT, SECOND


def runs() -> Iterator[Attack]:
    cannot = "may not do this"
    yield Attack("g_dt", said(run_event('{"state": "SIGNOFF"}')), cannot)
    yield Attack("g_shifter", said(run_event('{"state": "COMPLETED"}'), "shifter@cern.ch"), cannot)
    yield Attack(
        "g_shifter", said(run_event('{"state": "OPEN"}', FIRST), "shifter@cern.ch"), cannot
    )
    yield Attack("g_dt", said(run_event('{"class": "Cosmics25"}')), cannot)
    yield Attack("g_dt", said(run_event('{"significant": true}')), cannot)
    expert = "expert@cern.ch"
    yield Attack("g_expert", said(run_event('{"class": "C"}', FIRST), expert), "must be OPEN")
    yield Attack(
        "g_expert", said(run_event('{"state": "SIGNOFF"}', FIRST), expert), "can't be moved"
    )
    yield Attack("g_expert", said(run_event('{"state": "GOLDEN"}'), expert), "can't be moved")
    yield Attack("g_expert", said(run_event('{"state": null}'), expert), "can't be moved")
    yield Attack("g_expert", said(run_event('{"class": 5}'), expert), "can't be set")
    yield Attack("g_expert", said(run_event('{"significant": "yes"}'), expert), "can't be set")
    yield Attack("g_expert", said(run_event('{"beamline": "x"}'), expert), "can't be set")
    yield Attack("g_expert", said(run_event("{}"), expert), "not set by hand")
    yield Attack(
        "g_expert", said(run_event('{"class": "C"}', deleted="true"), expert), "not set by hand"
    )
    yield Attack(
        "g_expert", said(run_event('{"class": "C"}', oms='{"a": 1}'), expert), "not set by hand"
    )
    yield Attack(
        "g_expert",
        said(run_event('{"class": "C"}', manual="false"), expert),
        "doesn't fit the author",
    )
    yield Attack(
        "g_expert", said(run_event('{"class": "C"}', 999999), expert), "made by the puller"
    )
    # The state before an event is that of the events before it, also within one statement.
    yield Attack(
        "g_expert",
        version(expert)
        + event()
        + event()
        + 'INSERT INTO "RunEvent" (version, run_number, oms_metadata, rr_metadata, deleted,'
        f" manual_change) VALUES ({E} - 1, {OPEN_RUN}, '{{}}', '{{\"state\": \"SIGNOFF\"}}', false,"
        f" true), ({E}, {OPEN_RUN}, '{{}}', '{{\"class\": \"C\"}}', false, true)",
        "",
    )
    yield Attack(
        "g_agent", said(run_event('{"class": "C"}', manual="false"), "auto@auto - dt-ml"), DENIED
    )
    for login in ("g_dt", "g_expert"):
        yield Attack(
            login,
            f'UPDATE "Run" SET rr_attributes = \'{{"state": "OPEN"}}\', version = 1,'
            f" deleted = true WHERE run_number = {FIRST}",
            NOTHING,
        )
    yield Attack(
        "g_expert", "INSERT INTO \"Run\" VALUES (999999, '{}', '{}', 1, false)", "has no events"
    )
    yield Attack("g_expert", f'UPDATE "Run" SET run_number = 5 WHERE run_number = {FIRST}', DENIED)


def datasets() -> Iterator[Attack]:
    cannot, expert = "may not do this", "expert@cern.ch"
    yield Attack("g_dt", said(dataset_event('{"dt_state": "SIGNOFF"}')), cannot)
    yield Attack("g_dt", said(dataset_event('{"global_state": "COMPLETED"}')), cannot)
    yield Attack("g_dt", said(dataset_event("{}", deleted="true")), cannot)
    yield Attack("g_dt", said(dataset_event('{"dt_state": "OPEN"}', "/New/One/DQM")), "a copy")
    yield Attack("g_expert", said(dataset_event('{"x": 1}', "/New/One/DQM"), expert), "a copy")
    yield Attack(
        "g_cycler", said(dataset_event('{"csc_state": "SIGNOFF"}'), "cycler@cern.ch"), cannot
    )
    yield Attack("g_expert", said(dataset_event('{"appeared_in": ["x"]}'), expert), "can't be set")
    yield Attack("g_expert", said(dataset_event('{"dt_state": "FINE"}'), expert), "can't be set")
    yield Attack("g_expert", said(dataset_event('{"dt_state": null}'), expert), "can't be set")
    yield Attack("g_expert", said(dataset_event('{"xx_state": "OPEN"}'), expert), "can't be set")
    yield Attack("g_expert", said(dataset_event('{"hcal_state": "OPEN"}'), expert), "can't be set")
    yield Attack(
        "g_expert",
        said(dataset_event('{"dt_state": "OPEN"}', "online"), expert),
        "online of run",
    )
    yield Attack(
        "g_expert", said(dataset_event("{}", gui='["/a/b/c"]'), expert), "by the puller alone"
    )
    yield Attack(
        "g_tools", said(dataset_event("{}", "online", deleted="true"), "tools@cern.ch"), "online"
    )
    yield Attack(
        "g_agent",
        said(dataset_event('{"dt_state": "OPEN"}'), "auto@auto - dt-ml"),
        "only columns that it is registered for",
    )
    yield Attack(
        "g_expert",
        f'UPDATE "Dataset" SET dataset_attributes = \'{{"dt_state": "COMPLETED"}}\','
        f" deleted = true, datasets_in_gui = '[\"x\"]' WHERE run_number = {FIRST}",
        NOTHING,
    )
    yield Attack(
        "g_expert",
        f"INSERT INTO \"Dataset\" VALUES ({FIRST}, '/A/B/C', '{{}}', '[]', false, 1)",
        "has no events",
    )
    yield Attack(
        "g_expert", f"UPDATE \"Dataset\" SET name = '/A/B/C' WHERE run_number = {FIRST}", DENIED
    )
    # What a row is made to say by a part of a statement is not believed by another part of it.
    opened = (
        'UPDATE "Dataset" SET dataset_attributes = dataset_attributes || \'{"dt_state": "OPEN"}\''
        f" WHERE run_number = {SECOND} AND name = '{PROMPT}'"
    )
    reopened = (
        'UPDATE "Run" SET rr_attributes = rr_attributes || \'{"state": "OPEN"}\''
        f" WHERE run_number = {FIRST}"
    )
    shown = (
        (opened, "g_dt", "dt@cern.ch", cells(DT, PROMPT, SECOND)),
        (reopened, "g_shifter", "shifter@cern.ch", cells(DT, "online", FIRST)),
        (
            opened,
            "g_cycler",
            "cycler@cern.ch",
            dataset_event('{"dt_state": "SIGNOFF"}', run=SECOND),
        ),
    )
    for falsely, login, author, says in shown:
        content = says.rstrip(";")
        for at_once in (
            f"WITH one AS ({falsely} RETURNING 1) {content}",
            f"WITH one AS ({content} RETURNING 1) {falsely}",
            f"{falsely}; {content}",
            f"SAVEPOINT s; {falsely}; RELEASE s; {content}",
        ):
            yield Attack(
                login, version(author) + event() + at_once, "must be OPEN|waiting dqm gui/SIGNOFF"
            )


def lumisections() -> Iterator[Attack]:
    cannot, expert = "may not do this", "expert@cern.ch"
    both = '{"csc-csc":' + triplet() + ',"dt-dt":' + triplet() + "}"
    yield Attack("g_dt", said(cells(CSC)) + covers(1), cannot)
    yield Attack("g_dt", said(cells(both)) + covers(1), cannot)
    yield Attack("g_dt", said(cells(DT, "online", OPEN_RUN)) + covers(1), cannot)
    yield Attack("g_nobody", said(cells(DT), "nobody@cern.ch") + covers(1), cannot)
    yield Attack("g_dt", said(cells(DT, PROMPT, SECOND)) + covers(1), "must be OPEN in")
    yield Attack("g_shifter", said(cells(DT, "online", FIRST), "shifter@cern.ch"), "must be OPEN")
    yield Attack("g_dt", said(cells(DT, manual="false")), "doesn't fit the author")
    yield Attack("g_expert", said(cells(CSC.replace("csc-csc", "xxx-yyy")), expert), "one of a")
    yield Attack("g_expert", said(cells(CSC.replace("csc-csc", "hcal-hcal")), expert), "one of a")
    for value in (
        triplet("BAD", ""),
        triplet("BAD", "  x "),
        triplet("FINE"),
        triplet("NO VALUE FOUND", ""),
        triplet("EMPTY", "because"),
        triplet("good"),
    ):
        yield Attack("g_dt", said(cells('{"dt-dt":' + value + "}")) + covers(1), "")
    for value in ("true", "1", "null", '"GOOD"'):
        yield Attack("g_dt", said(cells('{"dt-dt":' + value + "}")), "status, comment and cause")
    for number in (0, -1, 11, 4000):
        yield Attack("g_dt", said(cells(DT)) + covers(1, number), "is outside")
    # Widening by a first event what a second one may cover.
    yield Attack("g_dt", said(cells(DT)) + covers(1, 11), "is outside")
    yield Attack("g_puller", said(cells(DT, manual="true"), "auto@auto"), "doesn't fit the author")
    agent = "auto@auto - dt-ml"
    yield Attack("g_agent", said(cells(DT, manual="false"), agent), "is not registered to write")
    yield Attack("g_agent", said(cells(CSC, manual="false"), agent), "is not registered to write")
    lumi = '{"lumi-lumi":' + triplet() + "}"
    yield Attack("g_agent", said(cells(lumi, manual="true"), agent), "doesn't fit the author")
    yield Attack("g_agent", said(cells(lumi, PROMPT, SECOND, manual="false"), agent), "is not open")
    yield Attack("g_agent", said(bits('{"bpix_ready":false}'), agent), DENIED)
    bit = '{"bpix_ready":false}'
    yield Attack("g_dt", said(bits(bit)), cannot)
    yield Attack("g_expert", said(bits(bit, run=FIRST), expert), "must be OPEN")
    yield Attack("g_expert", said(bits(bit), expert, "ab"), "at least 3 characters")
    yield Attack("g_expert", said(bits('{"my_bit":false}'), expert), "must be true, false")
    yield Attack("g_expert", said(bits('{"bpix_ready":7}'), expert), "must be true, false")
    yield Attack("g_expert", said(bits("{}"), expert), "says nothing")
    yield Attack("g_dt", said(bits('{"recorded":99.5}')), cannot)
    yield Attack("g_expert", said(bits(bit), expert) + covers(11, kind="OMS"), "is outside")
    # A tool keeps what isn't set by it.
    yield Attack(
        "g_tools",
        said(cells('{"dt-dt":' + triplet("GOOD", "mine") + "}"), "tools@cern.ch"),
        "may not do this",
    )


def derived() -> Iterator[Attack]:
    yield Attack(
        "g_expert",
        f"UPDATE \"DatasetTripletCache\" SET triplet_summary = '{{}}' WHERE run_number = {FIRST}",
        "was not changed here",
    )
    yield Attack("g_expert", "UPDATE desk.lumisection_state SET state = ''", "was not changed here")
    yield Attack(
        "g_dt",
        said(cells(DT))
        + covers(1)
        + event()
        + dataset_event("{}")
        + f'UPDATE "DatasetTripletCache" SET version = 1 WHERE run_number = {SECOND}',
        "was not changed here",
    )
    for table in desk.PULLERS_NOTES:
        yield Attack("g_expert", f"INSERT INTO desk.{table} DEFAULT VALUES", DENIED)
        yield Attack("g_expert", f"DELETE FROM desk.{table}", DENIED)
