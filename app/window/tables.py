"""The tables of runs and of datasets."""

from collections.abc import Sequence

from app.domain.configuration.in_force import (
    CERTIFIABLE_OFFLINE_COLUMNS,
    CERTIFIABLE_ONLINE_COLUMNS,
)
from app.domain.filters import Vocabulary
from app.models.lists.table_pages import Page, Sort, TableQuery
from app.services.certification import tables
from app.services.configuration import in_force as configuration
from app.views.backend.tables import PageRequest, TableKind, WorkspaceColumns
from app.window.parts import Parts


class TablesBackend(Parts):
    """Pages of the tables."""

    def workspaces(self, kind: TableKind) -> Sequence[WorkspaceColumns]:
        current = configuration.current(self._acting)
        online = kind == "runs"
        certifiable = CERTIFIABLE_ONLINE_COLUMNS if online else CERTIFIABLE_OFFLINE_COLUMNS
        return [
            WorkspaceColumns("global", tuple(certifiable)),
            *(
                WorkspaceColumns(each.name, each.columns)
                for each in sorted(current.workspaces, key=lambda each: each.name)
                if each.online is online and each.name != "global"
            ),
        ]

    def vocabulary(self, kind: TableKind) -> Vocabulary:
        del kind  # one set of words serves both tables
        return tables.vocabulary(self._acting)

    def page(self, request: PageRequest) -> Page:
        page_of = tables.runs_page if request.kind == "runs" else tables.datasets_page
        return page_of(self._acting, query_of(request))


def query_of(request: PageRequest) -> TableQuery:
    """The same as the services ask it."""
    return TableQuery(
        request.kind,
        request.filter,
        tuple(Sort(each.field, each.descending) for each in request.sort),
        request.offset,
        request.limit,
        request.significant_only,
        request.workspace,
        request.states,
        only_hidden=request.only_hidden,
        cycle=request.cycle,
    )
