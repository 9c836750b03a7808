"""A registry that is read from its database, by the program itself."""

import importlib.util
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from run_registry.agents import Agent, Proposal, Value
from run_registry.errors import RunRegistryError, no_such
from run_registry.lumi_list import Luminosity
from run_registry.lumisections import LumisectionLuminosity, Lumisections
from run_registry.records import Record
from run_registry.source import Ranges, Rule, Selected

if TYPE_CHECKING:
    from app.bootstrap import Program
    from app.domain.state.compact import CompactState
    from app.services.acting import Acting
    from app.services.certification.records import Record as Found
    from app.services.certification.tables import TableKind

_BLOCK = 1000
_NO_VALUE, _OFF, _ON = -1, 0, 1


def opened_program(dsn: str | None) -> "Program":
    """The program on a database, or on the one that its settings name. Raises RunRegistryError."""
    _check_program()
    with _refusals():
        from app.bootstrap import Program
        from app.settings import Settings

        program = Program(Settings.load({"dsn": dsn}))
        try:
            _ = program.acting
        except BaseException:
            program.close()
            raise
    return program


class DatabaseSource:
    """Reads by the services of the program, with the rights of the login of the address."""

    def __init__(self, dsn: str | None, acting: "Acting | None" = None) -> None:
        """With `acting` on the database that it has open, which stays open."""
        self._program: Program | None = None
        if acting is None:
            self._program = opened_program(dsn)
            acting = self._program.acting
        self._acting: Acting = acting

    def close(self) -> None:
        """Gives the connections up."""
        if self._program is not None:
            self._program.close()

    def runs(self, filter: str, sort: str, as_of: str | None) -> Iterator[Record]:  # noqa: A002
        """Runs, the newest first or sorted."""
        return self._records("runs", filter, sort, as_of)

    def datasets(self, filter: str, sort: str, as_of: str | None) -> Iterator[Record]:  # noqa: A002
        """Datasets but `online`, the newest first or sorted."""
        return self._records("datasets", filter, sort, as_of)

    def lumisections(self, run_number: int, name: str, as_of: str | None) -> Lumisections:
        """The lumisections of a dataset."""
        with _refusals():
            from app.domain.state.compact import compact
            from app.services.editing.lumisections import dataset_state

            at = _version(self._acting, as_of)
            state = dataset_state(self._acting, run_number, name, as_of=at)
            return _lumisections(compact(state))

    def season(self, datasets: str, as_of: str | None) -> list[Lumisections]:
        """The lumisections of all datasets whose names match."""
        with _refusals():
            from app.services.golden import generation

            at = _version(self._acting, as_of)
            read, _ = generation.season_of(self._acting, datasets, as_of=at)
            return [_lumisections(state) for state in read.states.values()]

    def golden(self, rule: Rule, datasets: str, as_of: str | None) -> Selected:
        """What a rule selects."""
        with _refusals():
            from app.services.golden import generation

            at = _version(self._acting, as_of)
            selection = generation.preview(self._acting, datasets, dict(rule), as_of=at)
            return Selected(dict(selection.document), [str(each) for each in selection.warnings])

    def stored_golden(self, number: int) -> Ranges:
        """A golden JSON that is stored."""
        with _refusals():
            from app.golden.document import from_json
            from app.services.golden import generation

            document = from_json(generation.row(self._acting, number).generated_json).document
            return {
                run: [(first, last) for first, last in ranges] for run, ranges in document.items()
            }

    def luminosity(self, ranges: Ranges) -> Luminosity:
        """Luminosity of a list, as the `online` datasets have it now."""
        with _refusals():
            from app.golden.document import document_of
            from app.golden.list_luminosity import together
            from app.services.golden import lists

            total = together(lists.luminosity_of(self._acting, document_of(ranges)).values())
        return Luminosity(total.recorded, total.delivered, total.missing)

    def agent(self, name: str) -> Agent:
        """The version of an agent that is in force."""
        with _refusals():
            from app.services.agents import registry

            found = registry.in_force(self._acting, name)
            columns = {each.column: each.mode.value for each in found.columns}
            return Agent(found.name, found.version, columns, self)

    def proposals(self, agent: str | None, states: Collection[str]) -> Iterator[Proposal]:
        """What agents said, the oldest first."""
        with _refusals():
            from app.domain.agents.proposals import ProposalState
            from app.services.agents import proposals

            known = [each.value for each in ProposalState]
            for state in states:
                if state not in known:
                    raise no_such(f"There is no state {state!r} of proposals", state, known)
            found = proposals.proposals(
                self._acting,
                agent=agent,
                states=[ProposalState(each) for each in states] or None,
                limit=None,
            )
        return (
            Proposal(
                each.id,
                each.agent,
                each.agent_version,
                *each.key,
                each.column,
                tuple((first, last) for first, last in each.ranges),
                *(each.triplet.status, each.triplet.comment, each.triplet.cause),
                each.state.value,
                each.decided_by,
            )
            for each in found
        )

    def propose(
        self, agent: str, values: Iterable[Value], dry_run: bool
    ) -> tuple[str, int, int, int]:
        """Records values of an agent: a sentence, and the cells and proposals that came of it."""
        with _refusals():
            from app.domain.editing.change_file import COLUMNS
            from app.domain.text.csv_text import csv_text
            from app.services.agents import registry

            content = csv_text([COLUMNS, *values])
            done = registry.propose(self._acting, agent, content, dry_run=dry_run)
            for line in done.refused:
                raise RunRegistryError(str(line.refused))
            return done.text, done.cells, done.waiting, done.agreed

    def withdraw(self, agent: str, numbers: Collection[int]) -> None:
        """Takes back proposals that wait."""
        with _refusals():
            from app.services.agents import registry

            registry.withdraw(self._acting, agent, numbers)

    def _records(
        self,
        kind: "TableKind",
        filter: str,  # noqa: A002
        sort: str,
        as_of: str | None,
    ) -> Iterator[Record]:
        with _refusals():
            from app.domain import filters
            from app.services.certification import records, tables

            at = _version(self._acting, as_of)
            known = tables.vocabulary(self._acting) if filter or sort else None
            query = tables.TableQuery(
                kind,
                filters.parse(filter, known),
                tables.sort_of(sort, known),
                limit=_BLOCK,
            )
            last = None
            while True:
                if at is None:
                    page = records.page(self._acting, query, last)
                else:
                    page = records.page_at(self._acting, query, at, last)
                yield from map(_record, page.records)
                last = page.last
                if last is None:
                    return


def _record(row: "Found") -> Record:
    attributes = {**row.oms_attributes, **row.rr_attributes, **row.dataset_attributes}
    verified = {mark.workspace: mark.by for mark in row.marks}
    return Record(row.run_number, row.name, attributes, verified, row.frozen_in or None)


def _version(acting: "Acting", as_of: str | None) -> int | None:
    from app.services import names

    return names.version_named(acting, as_of or "")


def _lumisections(state: "CompactState") -> Lumisections:
    """The same as arrays per lumisection."""
    from app.golden.list_luminosity import numbers_of
    from app.golden.luminosity import DELIVERED, RECORDED

    triplets = [("EMPTY", "", "")] + [
        (each.status, each.cause, each.comment) for each in state.triplets if each is not None
    ]
    meaning = np.array(
        [_ON if each is True else _OFF if each is False else _NO_VALUE for each in state.oms_values]
        or [_NO_VALUE],
        np.int8,
    )
    spoken = {bit: meaning[codes] for bit, codes in zip(state.bits, state.oms_codes, strict=True)}
    columns = zip(state.columns, state.rr_codes, strict=True)
    return Lumisections(
        state.run_number,
        state.name,
        state.length,
        triplets,
        {name: state.per_lumisection(codes).astype(np.int32) for name, codes in columns},
        {
            bit: state.per_lumisection(codes)
            for bit, codes in spoken.items()
            if (codes != _NO_VALUE).any()
        },
        LumisectionLuminosity(numbers_of(state, RECORDED), numbers_of(state, DELIVERED)),
        state.per_lumisection(state.participating),
    )


def _check_program() -> None:
    """Refuses where another package called `app` would be loaded instead of the program."""
    ours = Path(__file__).resolve().parent.parent / "app" / "__init__.py"
    found = importlib.util.find_spec("app")
    if found is None or found.origin is None or Path(found.origin).resolve() != ours:
        other = "none is found" if found is None else f"{found.origin or 'a folder'} is found first"
        raise RunRegistryError(
            f"A database is read with the package 'app' of Run Registry ({ours.parent}), and"
            f" {other}. Start Python where no other package is called so."
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """What the program refuses, as an error of this library."""
    from app.domain.errors import RegistryError

    try:
        yield
    except RegistryError as error:
        raise RunRegistryError(str(error)) from error
