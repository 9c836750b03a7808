"""Commands on lumisections: show, edit a column, edit a DCS bit."""

from app.cli.arguments import (
    add_command,
    add_group,
    add_reason,
    add_run,
    lumisections,
    moment,
    run_number,
    truth,
)
from app.cli.certification.bulk import add_edit_many, add_file_options, edit_from_file
from app.cli.output import Answer, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.counting import counted
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, count, format_ranges, ranges_of_mask
from app.domain.state.equal_ranges import Side, bits_of, equal_ranges
from app.domain.state.grid import MISSING, Grid, Value
from app.domain.triplets import EMPTY, EMPTY_TRIPLET, SETTABLE_STATUSES, Triplet
from app.services import names
from app.services.editing import lumisections as services
from app.services.editing.lumisections import BitEdit, ColumnEdit, Edited

_LUMINOSITY = ("delivered", "recorded")


def add(commands: Commands, common: Parser) -> None:
    """Adds `lumisections` and its commands."""
    group = add_group(commands, common, "lumisections", HELP["lumisections"])

    parser = add_command(
        group, common, "show", "ranges of equal values, per column and DCS bit", _show, writes=False
    )
    add_run(parser)
    _add_dataset(parser)
    parser.add_argument(
        "--as-of",
        type=moment,
        metavar="VERSION|DAY",
        help="as it was at that version, or when that day ended (UTC; a minute: until then)",
    )

    _add_ranges(group, common)

    parser = add_command(
        group,
        common,
        "edit",
        "set a column in some lumisections, or write a file of changes",
        _edit,
        writes=True,
        example="396372 --column dt-dt --ls 3-6 --status BAD --comment 'HV trip'",
    )
    parser.add_argument("run", nargs="?", type=run_number, metavar="RUN", help="run number")
    _add_dataset(parser)
    parser.add_argument("--column", metavar="C", help="e.g. tracker-pixel")
    _add_lumisections(parser, required=False)
    parser.add_argument(
        "--status",
        type=str.upper,
        choices=SETTABLE_STATUSES,
        metavar="STATUS",
        help=", ".join(SETTABLE_STATUSES),
    )
    parser.add_argument("--comment", default="", metavar="TEXT", help="required for BAD")
    parser.add_argument("--cause", default="", metavar="TEXT")
    add_reason(parser)
    add_file_options(parser)
    parser.set_defaults(usage=parser.format_usage)

    add_edit_many(group, common)

    parser = add_command(
        group,
        common,
        "edit-oms",
        "set a DCS bit in some lumisections",
        _edit_oms,
        writes=True,
        example="396372 --bit dt0_ready --ls 3-6 --value false --comment 'HV trip'",
    )
    add_run(parser)
    _add_dataset(parser)
    parser.add_argument("--bit", required=True, metavar="BIT", help="e.g. rpc_ready")
    _add_lumisections(parser)
    parser.add_argument("--value", required=True, type=truth, metavar="true|false")
    parser.add_argument("--comment", required=True, metavar="TEXT", help="the reason (required)")


def _add_ranges(group: Commands, common: Parser) -> None:
    parser = add_command(
        group,
        common,
        "ranges",
        "ranges in which everything is equal, of columns, DCS bits or both",
        _ranges,
        writes=False,
    )
    add_run(parser)
    _add_dataset(parser)
    parser.add_argument(
        "--of",
        choices=[side.value for side in Side],
        default=Side.RR.value,
        help="columns (rr, without it), DCS bits (oms) or both",
    )


def _add_dataset(parser: Parser) -> None:
    parser.add_argument("--dataset", default=ONLINE, metavar="NAME", help="default: online")


def _add_lumisections(parser: Parser, *, required: bool = True) -> None:
    parser.add_argument(
        "--ls",
        type=lumisections,
        required=required,
        metavar="RANGES",
        dest="ranges",
        help="e.g. 12-40,55",
    )


def _ranges(program: Program, arguments: Arguments) -> Answer:
    state = services.dataset_state(program.acting, arguments.run, arguments.dataset)
    side = Side(arguments.of)
    found = equal_ranges(state, side)
    columns = state.rr.keys if side is not Side.OMS else ()
    bits = bits_of(state) if side is not Side.RR else ()
    document: JsonValue = {
        "run_number": state.run_number,
        "dataset": state.name,
        "of": side.value,
        "ranges": [
            {
                "first": each.range.first,
                "last": each.range.last,
                "columns": {key: _triplet(value) for key, value in each.columns.items()},
                "bits": dict(each.bits),
            }
            for each in found
        ],
    }
    rows = [
        (
            *each.range,
            *(each.columns[key].status for key in columns),
            *(_shown(each.bits[key]) if key in each.bits else "" for key in bits),
        )
        for each in found
    ]
    text = table(("from", "to", *columns, *bits), rows, right=("from", "to"))
    return Answer(document, text if rows else "No lumisection.")


def _show(program: Program, arguments: Arguments) -> Answer:
    arguments.as_of = names.version_at(program.acting, arguments.as_of)
    state = services.dataset_state(
        program.acting, arguments.run, arguments.dataset, as_of=arguments.as_of
    )
    columns = {column: _column(state.rr, column) for column in state.rr.keys}
    bits = {bit: _bit(state.oms, bit) for bit in state.oms.keys if bit not in _LUMINOSITY}
    taking_part = ranges_of_mask(state.participating)
    document: JsonValue = {
        "run_number": state.run_number,
        "dataset": state.name,
        "as_of": arguments.as_of,
        "lumisections": state.length,
        "taking_part": _lists(taking_part),
        "columns": {
            column: [{**_triplet(value), "ranges": _lists(ranges)} for value, ranges in of_column]
            for column, of_column in columns.items()
        },
        "bits": {
            bit: [{"value": value, "ranges": _lists(ranges)} for value, ranges in of_bit]
            for bit, of_bit in bits.items()
        },
    }
    where = f"Run {state.run_number}, {state.name}"
    lines = [
        f"{where}: {counted(state.length, 'lumisection')},"
        f" {count(taking_part)} of them with flags and DCS bits."
    ]
    if columns:
        rows = [
            (
                column if first == 0 else "",
                value.status,
                format_ranges(ranges),
                value.comment,
                value.cause,
            )
            for column, of_column in columns.items()
            for first, (value, ranges) in enumerate(of_column)
        ]
        lines += ["", table(("column", "status", "LS", "comment", "cause"), rows)]
    if bits:
        rows_of_bits = [
            (bit if first == 0 else "", _shown(value), format_ranges(ranges))
            for bit, of_bit in bits.items()
            for first, (value, ranges) in enumerate(of_bit)
        ]
        lines += ["", table(("DCS bit", "value", "LS"), rows_of_bits)]
    return Answer(document, together(lines))


def _edit(program: Program, arguments: Arguments) -> Answer:
    _check_edit(arguments)
    if arguments.file is not None:
        return edit_from_file(program, arguments)
    edit = ColumnEdit(
        arguments.run,
        arguments.dataset,
        arguments.column,
        arguments.ranges,
        Triplet(arguments.status, arguments.comment, arguments.cause),
    )
    return _edited(services.edit_columns(program.acting.because(arguments.reason), [edit]))


def _check_edit(arguments: Arguments) -> None:
    """Raises UsageError unless either a file or one edit is given in full."""
    one = {
        "RUN": arguments.run,
        "--column": arguments.column,
        "--ls": arguments.ranges,
        "--status": arguments.status,
    }
    given = [name for name, value in one.items() if value is not None]
    if arguments.file is not None:
        if given:
            raise UsageError(f"--file and {given[0]} can't be used together.", arguments.usage())
        return
    missing = [name for name, value in one.items() if value is None]
    if missing:
        raise UsageError(
            f"The following arguments are required: {', '.join(missing)}.", arguments.usage()
        )
    if arguments.dry_run or arguments.leave_out_refused:
        raise UsageError("--dry-run and --leave-out-refused require --file.", arguments.usage())


def _edit_oms(program: Program, arguments: Arguments) -> Answer:
    edit = BitEdit(
        arguments.run, arguments.dataset, arguments.bit, arguments.ranges, arguments.value
    )
    return _edited(services.edit_bits(program.acting, [edit], comment=arguments.comment))


def _edited(edited: Edited) -> Answer:
    document: JsonValue = {"atomic_version": edited.atomic_version, "text": edited.text}
    return Answer(document, edited.text)


def _column(rr: Grid[Triplet], column: str) -> list[tuple[Triplet, tuple[LumiRange, ...]]]:
    """Distinct triplets in the order they appear; a hole reads as EMPTY."""
    return [
        (EMPTY_TRIPLET if code == MISSING else rr.values[code] or EMPTY_TRIPLET, ranges)
        for code, ranges in _ranges_by_code(rr, column)
    ]


def _bit(oms: Grid[JsonValue], bit: str) -> list[tuple[JsonValue, tuple[LumiRange, ...]]]:
    """Distinct values in the order they appear; what OMS doesn't have reads as EMPTY."""
    return [
        (EMPTY if code == MISSING else oms.values[code], ranges)
        for code, ranges in _ranges_by_code(oms, bit)
    ]


def _ranges_by_code(grid: Grid[Value], key: str) -> list[tuple[int, tuple[LumiRange, ...]]]:
    codes = grid.codes[grid.row_of[key]]
    return [
        (code, ranges_of_mask(codes == code))
        for code in dict.fromkeys(code for _, code in grid.runs(key))
    ]


def _triplet(value: Triplet) -> JsonObject:
    return dict(value.as_json())


def _lists(ranges: tuple[LumiRange, ...]) -> list[JsonValue]:
    return [[first, last] for first, last in ranges]


def _shown(value: JsonValue) -> str:
    return value if isinstance(value, str) else js_stringify(value)
