"""What waits for a person, in numbers: proposals, work of cycles, deadlines, wishes."""

from dataclasses import dataclass
from datetime import UTC, timedelta

from app.domain.certification.wishes import MadeWish
from app.domain.clock import server_now
from app.domain.configuration.in_force import GLOBAL
from app.domain.notification_choice import Choice
from app.models import agents
from app.models import notifications as model
from app.services.acting import Acting
from app.services.notifications.looking import columns_of
from app.services.wishes import lists

_LONGEST_DAYS = 366


@dataclass(frozen=True)
class Waiting:
    """How much waits: open proposals in one's workspaces, datasets to certify in pending cycles,
    cycles whose deadline is near, and one's wishes."""

    proposals: int = 0
    datasets: int = 0
    deadlines: int = 0
    wishes: tuple[MadeWish, ...] = ()


def waiting(acting: Acting, choice: Choice) -> Waiting:
    """What waits now."""
    columns = columns_of(acting, choice.workspaces)
    today = server_now().astimezone(UTC).date()
    near = today + timedelta(days=choice.days_before)
    far = timedelta(days=_LONGEST_DAYS)
    with acting.db.read() as connection:
        found = agents.waiting(connection) if acting.db.record else []
        cycles = model.cycles_due(connection, today - far, today + far)
    pending = [each for each in cycles if each.pending_in(GLOBAL)]
    left = {
        cycle.id: sum(
            progress.total - progress.completed
            for name, progress in cycle.progress.items()
            if name != GLOBAL
            and cycle.pending_in(name)
            and (not choice.workspaces or name in choice.workspaces)
        )
        for cycle in pending
    }
    return Waiting(
        sum(each.proposals for each in found if columns & set(each.columns)),
        sum(left.values()),
        sum(cycle.deadline <= near and left[cycle.id] > 0 for cycle in pending),
        () if acting.db.writes_automatically else lists.listed(acting, only_waiting=True),
    )
