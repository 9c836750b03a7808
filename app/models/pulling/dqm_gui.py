"""Datasets of ours as the DQM GUI has to be asked for them."""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, text

_BLOCK = 2000


def known_in_gui(
    connection: Connection, run_numbers: Collection[int]
) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Offline datasets of these runs that aren't hidden, with what is known of them already."""
    wanted = sorted(run_numbers)
    for start in range(0, len(wanted), _BLOCK):
        rows = connection.execute(
            text(
                'SELECT run_number, name, datasets_in_gui FROM "Dataset"'
                " WHERE run_number = ANY(:runs) AND NOT deleted AND name <> 'online'"
                " ORDER BY run_number, name"
            ),
            {"runs": wanted[start : start + _BLOCK]},
        )
        for run_number, name, in_gui in rows:
            yield run_number, name, tuple(in_gui)
