"""Versions of the program that work on a database."""

from app.distribution import is_newer, program_version
from app.models.database.engine import Database
from app.models.golden import provenance


def newer_program(db: Database) -> str:
    """The newest version of this program that has made golden JSONs here, where it is newer than
    this one; else empty."""
    if not db.record:
        return ""
    newest = own = program_version()
    with db.read() as connection:
        for version in provenance.programs(connection):
            if is_newer(version, newest):
                newest = version
    return "" if newest == own else newest
