"""The real backend on a database with two runs and an agent that has proposed."""

import pytest

from app.domain.agents.proposals import AgentColumn, Mode
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.agents import registry as agents
from tests.builders import EXPERT
from tests.views.log.conftest import RUN, real, season

__all__ = ["real", "season"]

AGENT = "pixel-ae"


def say(db: Database, *lines: str) -> None:
    agents.propose(Acting(db, EXPERT), AGENT, "\n".join(lines))


def line(column: str, first: int, last: int, status: str, comment: str = "", run: int = RUN) -> str:
    return f"{run},online,{column},{first},{last},{status},{comment},"


@pytest.fixture
def spoken(season: Database) -> Database:
    """Two proposals on the first run."""
    columns = [AgentColumn(each, Mode.PROPOSES, each) for each in ("tracker-pixel", "dt-dt")]
    agents.register(Acting(season, EXPERT), AGENT, "1.0", columns)
    say(
        season,
        line("tracker-pixel", 2, 4, "BAD", "hot module"),
        line("dt-dt", 6, 7, "STANDBY"),
        line("dt-dt", 8, 10, "GOOD"),
    )
    return season
