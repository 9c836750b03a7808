"""Commands on datasets: list; the tools that change them are added beside it."""

from dataclasses import replace

from app.cli.arguments import (
    add_command,
    add_group,
    add_page,
    page_line,
    table_query,
    uncounted_line,
)
from app.cli.certification import dataset_tools
from app.cli.certification.runs import dataset_document
from app.cli.output import Answer, luminosity, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.json_value import JsonValue
from app.services import names
from app.services.certification import tables


def add(commands: Commands, common: Parser) -> None:
    """Adds `datasets` and its command."""
    group = add_group(commands, common, "datasets", HELP["datasets"])
    parser = add_command(
        group, common, "list", "a page of datasets, newest runs first", _list, writes=False
    )
    add_page(parser)
    parser.add_argument(
        "--workspace",
        default="global",
        metavar="W",
        help="workspace whose states are shown (global)",
    )
    parser.add_argument(
        "--state",
        action="append",
        default=[],
        metavar="S",
        dest="states",
        help="only datasets in this state of the workspace; can be repeated",
    )
    parser.add_argument("--hidden", action="store_true", help="only hidden datasets")
    parser.add_argument("--online", action="store_true", help="include the datasets named online")
    dataset_tools.add(group, common)


def _list(program: Program, arguments: Arguments) -> Answer:
    workspace: str = arguments.workspace
    names.check_offline_workspace(program.acting, workspace)
    for state in arguments.states:
        names.check_state(state)
    query = replace(
        table_query(program.db, arguments, "datasets"),
        workspace=workspace,
        states=tuple(arguments.states),
        include_online=arguments.online,
        only_hidden=arguments.hidden,
    )
    page = tables.datasets_page(program.acting, query)
    rows = [
        (
            row.run_number,
            row.name,
            row.rr_attributes.get("class"),
            row.dataset_attributes.get(f"{workspace}_state"),
            row.oms_attributes.get("ls_duration"),
            luminosity(row.recorded_luminosity),
        )
        for row in page.rows
    ]
    text = table(
        ("run", "dataset", "class", workspace, "LS", "recorded"),
        rows,
        right=("run", "LS", "recorded"),
    )
    document: JsonValue = {
        "count": page.count,
        "exact": page.exact,
        "uncounted": page.uncounted,
        "datasets": [dataset_document(row) for row in page.rows],
    }
    line = page_line(query, len(rows), page.count, exact=page.exact, thing="dataset")
    more = [uncounted_line(page.uncounted)] if page.uncounted else []
    return Answer(document, together((*((text,) if rows else ()), line, *more)))
