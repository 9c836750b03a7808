"""Cycles, their workspaces and their history as lines of tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.certification.cycles import Cycle, CycleEntry, Progress
from app.domain.certification.second_eyes import Freeze
from app.domain.json_value import JsonValue
from app.views.looks import words
from app.views.widgets.tables.lines_model import Line

CYCLE_TITLES = ("Cycle", "Deadline", "Done")
WORKSPACE_TITLES = (
    "Workspace",
    "State",
    "Done",
    "COMPLETED",
    "SIGNOFF",
    "OPEN",
    "Waiting",
    "Not significant",
)
HISTORY_TITLES = ("When", "By", "What", "Details")
DONE = 2
"""Column of the bar in the tables of cycles and of workspaces."""

_NAMED = 3


@dataclass(frozen=True, slots=True)
class WorkspaceProgress:
    """How far a cycle is in one workspace."""

    workspace: str
    state: str
    progress: Progress


def cycle_lines(
    cycles: Sequence[Cycle],
    workspace: str,
    today: date,
    freezes: Mapping[int, Freeze],
) -> list[Line[Cycle]]:
    """Cycles with how far they are in a workspace; overdue and frozen ones are marked."""
    lines = []
    for each in cycles:
        late = each.deadline < today and each.pending_in(workspace)
        freeze = freezes.get(each.id)
        deadline = f"{each.deadline}, overdue" if late else f"{each.deadline}"
        if freeze is not None:
            deadline = f"{each.deadline}, frozen"
        progress = each.progress.get(workspace, Progress())
        state = each.states.get(workspace, "")
        texts = (each.name, deadline, done_text(progress))
        tips = (
            f"{each.name}, cycle {each.id}: {words.counted(each.datasets, 'dataset')}, {state} in"
            f" workspace {workspace}{frozen_words(freeze)}",
            deadline_words(each.deadline, today),
            progress_tip(progress),
        )
        token = "danger" if late else "" if each.pending_in(workspace) else "muted"
        lines.append(Line(each.id, each, texts, tips, token))
    return lines


def workspace_lines(cycle: Cycle) -> list[Line[WorkspaceProgress]]:
    """How far a cycle is in each workspace."""
    lines = []
    for name, state in cycle.states.items():
        progress = cycle.progress.get(name, Progress())
        numbers = (
            progress.completed,
            progress.signed_off,
            progress.open,
            progress.waiting,
            progress.not_significant,
        )
        texts = (name, state, done_text(progress), *(str(each) if each else "" for each in numbers))
        tips = (name, state, progress_tip(progress), *(str(each) for each in numbers))
        token = "" if cycle.pending_in(name) else "muted"
        lines.append(Line(name, WorkspaceProgress(name, state, progress), texts, tips, token))
    return lines


def history_lines(entries: Sequence[CycleEntry], now: datetime) -> list[Line[CycleEntry]]:
    """What was done to a cycle."""
    lines = []
    for number, each in enumerate(entries):
        details = ", ".join(
            f"{name}: {_shown(name, value)}" for name, value in each.details.items()
        )
        texts = (words.time(each.at), each.by, each.what, details)
        tips = (words.ago(each.at, now), each.by, each.what, details)
        lines.append(Line((len(entries) - number, each.at), each, texts, tips))
    return lines


def done_text(progress: Progress) -> str:
    """`12 of 37`; what doesn't matter to the workspace isn't counted."""
    return f"{words.number(progress.completed)} of {words.number(progress.total)}"


def progress_tip(progress: Progress) -> str:
    """Every state with its number."""
    parts = (
        (progress.completed, "COMPLETED"),
        (progress.signed_off, "SIGNOFF"),
        (progress.open, "OPEN"),
        (progress.waiting, "waiting for the DQM GUI"),
        (progress.not_significant, "not significant, not counted"),
    )
    told = [f"{words.number(number)} {name}" for number, name in parts if number]
    return "\n".join(told) or "no dataset"


def frozen_words(freeze: Freeze | None) -> str:
    """That a cycle is frozen, by whom and why; nothing when it isn't."""
    if freeze is None:
        return ""
    why = f": {freeze.why}" if freeze.why else ""
    return f", frozen by {freeze.by}{why}"


def deadline_words(deadline: date, today: date) -> str:
    """The day, and how far it is."""
    days = (deadline - today).days
    if days == 0:
        return f"until the end of today, {deadline} UTC"
    how = words.counted(abs(days), "day")
    return f"until {deadline}, {'in ' + how if days > 0 else how + ' ago'}"


def _shown(name: str, value: JsonValue) -> str:
    """Datasets by their number and the first of them; what was edited as before and after."""
    if name == "datasets" and isinstance(value, list):
        keys = [each for each in value if isinstance(each, list) and len(each) == 2]
        named = ", ".join(f"{run} {dataset}" for run, dataset in keys[:_NAMED])
        more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
        return f"{named}{more}"
    edited = name in ("name", "deadline", "workspaces")
    if edited and isinstance(value, list) and len(value) == 2:
        before, after = (words.value(each) for each in value)
        return f"{before} -> {after}"
    return words.value(value)
