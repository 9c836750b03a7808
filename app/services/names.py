"""Names that a person typed as what to look for: refused where nothing is called so, so that a
slip of the pen never looks like an empty answer."""

from collections.abc import Collection
from datetime import datetime

from app.domain.certification.datasets import DATASET_STATES
from app.domain.errors import BadInput, NotFound
from app.domain.history.moments import parse_time, time_words
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.text.names import no_dataset, no_version, not_found
from app.models import agents
from app.models.events import rows, states
from app.models.history import writes as history
from app.models.lists import vocabulary as words
from app.services.acting import Acting
from app.services.configuration import in_force as configurations

_DIGITS = 18


def version_at(acting: Acting, moment: int | datetime | None) -> int | None:
    """The version that a moment means; None is now. NotFound for one later than the newest there
    is, and for a time before the first.

    A time means the last version before it. Numbers that the server skipped between two versions
    mean the moment of the one before.
    """
    if moment is None:
        return None
    if isinstance(moment, datetime):
        return version_before(acting, moment)
    with acting.db.read() as connection:
        newest = history.newest_version(connection)
    if moment > newest:
        raise no_version(moment, newest)
    return moment


def version_named(acting: Acting, moment: str) -> int | None:
    """The version that a text means: its number, a day (its end) or a minute; None, which is now,
    for an empty one. BadInput for what is none of them, else as `version_at`."""
    text = moment.strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
        return version_at(acting, int(text))
    at = parse_time(text)
    if at is None:
        raise BadInput(
            f'"{text}" is no moment: write a version (48213), a day (2025-08-18) or a minute'
            " (2025-08-18T06:12)."
        )
    return version_at(acting, at)


def newest_version(acting: Acting) -> int:
    """The greatest version there is, 0 where there is none."""
    with acting.db.read() as connection:
        return history.newest_version(connection)


def version_before(acting: Acting, at: datetime) -> int:
    """The newest version written before a time; NotFound when there is none."""
    with acting.db.read() as connection:
        version = history.newest_before(connection, at)
    if not version:
        raise NotFound(f"There is no version before {time_words(at)}.")
    return version


def check_runs(acting: Acting, run_numbers: Collection[int]) -> None:
    """NotFound names the first run that isn't in the Run Registry."""
    with acting.db.read() as connection:
        known = rows.run_states(connection, run_numbers)
    for number in sorted(run_numbers):
        if number not in known:
            raise NotFound(f"Run {number} is not in the Run Registry.")


def check_dataset(acting: Acting, run_number: int, name: str) -> None:
    """NotFound unless the run has the dataset."""
    with acting.db.read() as connection:
        rows.get_run(connection, run_number)
        known = rows.datasets_of_run(connection, run_number)
    if name not in known:
        raise no_dataset(run_number, name, known)


def check_dataset_names(acting: Acting, names: Collection[str]) -> None:
    """NotFound names the first name that no dataset of any run has."""
    with acting.db.read() as connection:
        unknown = sorted(set(names) - rows.names_of_datasets(connection, names))
        near = words.recent_names(connection) if unknown else []
    if unknown:
        raise not_found(f"No run has a dataset {unknown[0]}", unknown[0], near)


def check_state(state: str) -> None:
    """NotFound for a state that datasets don't have."""
    if state not in DATASET_STATES:
        raise not_found(f'"{state}" is not a state of a dataset', state, DATASET_STATES)


def check_offline_workspace(acting: Acting, workspace: str | None) -> None:
    """NotFound unless it is `global` or an offline workspace; None is all of them."""
    # Not above: a window knows its workspaces.
    from app.services.certification.datasets import check_workspace

    if workspace is not None:
        check_workspace(configurations.current(acting), workspace)


def check_agent(acting: Acting, name: str | None) -> None:
    """NotFound for an agent that was never registered; None is all of them."""
    if name is None or not acting.db.record:
        return
    with acting.db.read() as connection:
        if not agents.agents(connection, name):
            raise agents.no_agent(connection, name)


def check_cells(
    acting: Acting,
    run_number: int,
    dataset: str | None,
    keys: Collection[str],
    ranges: Collection[LumiRange] = (),
) -> None:
    """NotFound for a column or DCS bit that neither the dataset (None: any of the run) nor a
    workspace has, BadInput for lumisections that the dataset hasn't."""
    check_dataset(acting, run_number, dataset or ONLINE)
    with acting.db.read() as connection:
        key = (run_number, dataset or ONLINE)
        state = states.load(connection, [key], desk=acting.db.desk)[key].state
    current = configurations.current(acting)
    known = {*state.rr.keys, *state.oms.keys}
    if dataset in (None, ONLINE):
        known.update(current.online_columns)
    if dataset != ONLINE:
        known.update(current.offline_columns)
    where = f"run {run_number}" if dataset is None else f"{dataset} of run {run_number}"
    for each in keys:
        if each not in known:
            raise not_found(f"There is no column or DCS bit {each} in {where}", each, known)
    beyond = [each for each in ranges if each.last > state.length]
    if beyond:
        raise BadInput(
            f"LS {format_ranges(beyond)} is outside {where}: it has {state.length} lumisections."
        )
