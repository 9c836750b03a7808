"""Tells once that others work with a newer version of the program; only the database is asked."""

from app.services import programs
from app.views.places import PlaceContext


async def tell_of_newer_program(context: PlaceContext) -> None:
    """Looks once, and gives notice of a newer version."""
    db = context.acting.db
    newer = await context.background.read(lambda: programs.newer_program(db))
    if newer:
        context.notices.warn(f"Others use version {newer} here, which is newer than this program.")
