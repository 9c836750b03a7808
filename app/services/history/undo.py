"""Undoing a version by writing a new one, and previewing that.

Undoing is an edit like any other: it takes the rights and the open states that setting the earlier
values by hand takes, whosever version it is. Having made a version gives no right of its own.
Undoing the undo is the redo.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.certification.growth import Gained, gained_text
from app.domain.certification.wishes import Asked, Wish, WishKind
from app.domain.editing.edits import OPEN
from app.domain.errors import Refused
from app.domain.history.cells import Action as VersionInfo
from app.domain.history.undo import (
    last_to_redo,
    last_to_undo,
    undo_comment,
)
from app.domain.identity import auto_author
from app.domain.progress import SILENT, Progress
from app.models.events import rows as stored
from app.models.events.action import Action, begin
from app.models.history import writes as history
from app.services.acting import Acting
from app.services.certification import asking, runs
from app.services.configuration import in_force as configurations
from app.services.history.undo_plan import STATE, plan, step_of
from app.services.history.undo_preview import Preview

_LOOKED_BACK = 100


@dataclass(frozen=True)
class Undone:
    """What an undo wrote, and what it brought into datasets of runs that it signed off again."""

    version: int
    preview: Preview
    gained: tuple[Gained, ...] = ()
    asked: Asked | None = None

    @property
    def text(self) -> str:
        """What was undone, for the person."""
        text = f"Undid {self.preview.text}."
        if self.preview.by_hand:
            text += " Automatic values came back as set by hand: they hide later automatic values."
        if self.gained:
            text += f" {gained_text(self.gained)}"
        if self.asked is not None:
            text += f" {self.asked.text}"
        return text


def preview(acting: Acting, version: int) -> Preview:
    """What undoing a version would do now; writes nothing.

    Versions that one action of a person made at once, such as marking a run significant and
    classifying it, are undone as one.
    """
    configuration = configurations.current(acting)
    with acting.db.read() as connection:
        action = Action(connection, acting.db.desk, acting.db.record)
        step, touched = step_of(action, version)
        return plan(action, configuration, acting.actor, step, touched)


def undo(
    acting: Acting,
    version: int,
    *,
    comment: str = "",
    leave_out_refused: bool = False,
    progress: Progress = SILENT,
) -> Undone:
    """Undoes a version where its values are still in force, as one new version.

    Raises the first refusal unless refused parts are to be left out, and Refused when nothing is
    left to restore. A run that is signed off again gets the waiting datasets it lacks, and its
    datasets the lumisections that they lack, or a puller is asked for that.
    """
    configuration = configurations.current(acting)
    with acting.db.read() as connection:
        step, touched = step_of(Action(connection, acting.db.desk, acting.db.record), version)

    def finishing(share: float) -> None:
        progress.at(0.5 + 0.5 * share)

    reason = comment or acting.reason
    with begin(acting.db, touched.run_numbers, finishing, reason=reason) as action:
        progress.at(0.05)
        made = plan(action, configuration, acting.actor, step, touched)
        progress.at(0.4)
        if made.refused and not leave_out_refused:
            raise made.refused[0].reason
        changes = made.changes
        if not changes:
            raise Refused(_nothing_left(made))
        what = undo_comment(made.undone)
        written = action.append(
            acting.actor.email, f"{what} ({comment})" if comment else what, changes
        )
        gained: tuple[Gained, ...] = ()
        wishes: list[Wish] = []
        for of in made.attributes:
            state = of.attributes.values.get(STATE) if of.dataset is None else None
            if not isinstance(state, str) or state == OPEN:
                continue
            if asking.must_ask(acting):
                wishes.append(Wish(WishKind.MAKE_DATASETS, of.run_number))
                continue
            run = stored.get_run(action.connection, of.run_number)
            _, of_run = runs.make_datasets_whole(action, configuration, run, state, auto_author())
            gained += of_run
        ids = tuple(asking.add(acting, action, wish) for wish in wishes)
    asked = asking.told(acting, ids, wishes[0].words) if wishes else None
    return Undone(written, made, gained, asked)


def newest_to_undo(acting: Acting) -> VersionInfo:
    """The person's newest version that isn't undone yet and is no undo itself."""
    return _newest(acting, last_to_undo, "undo")


def newest_to_redo(acting: Acting) -> VersionInfo:
    """The person's newest undo that isn't undone itself."""
    return _newest(acting, last_to_redo, "redo")


def _newest(
    acting: Acting,
    choose: Callable[[Sequence[VersionInfo]], VersionInfo | None],
    what: str,
) -> VersionInfo:
    with acting.db.read() as connection:
        newest = choose(history.versions_by(connection, acting.actor.email, _LOOKED_BACK))
    if newest is None:
        raise Refused(f"There is nothing to {what} among your last {_LOOKED_BACK} versions.")
    return newest


def _nothing_left(made: Preview) -> str:
    version = made.undone.version
    if made.refused:
        return f"You can't undo anything of version {version}: {made.refused[0].reason}"
    if made.left_alone:
        return f"Version {version} can't be undone: all that it changed was changed again since."
    reason = f" ({made.kept[0].text})" if made.kept else ""
    return f"There is nothing to undo in version {version}{reason}."
