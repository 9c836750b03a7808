"""Who may do what: routes of e-groups against the path of an action."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias
from urllib.parse import quote

from app.domain.errors import NotPermitted
from app.domain.identity import Actor
from app.domain.keys import ONLINE
from app.domain.rights import actions
from app.domain.text.patterns import Pattern, PatternError, pattern

EXPERTS = "cms-dqm-runregistry-experts"

PermissionRow: TypeAlias = tuple[str, Sequence[str]]
"""An e-group and its routes: regular expressions of how a path begins, blanks in them don't
count."""

_SHOWN = 80

# What PostgreSQL and the engine of the program don't read alike: \b is a backspace to one and the
# edge of a word to the other, and each knows groups and classes that the other doesn't.
_READ_APART = re.compile(r"\\(?![dDwWsS]|[^\w])\w?|\(\?(?!:)[^)]{0,2}|\[\[[.=:]")
_ESCAPED = re.compile(r"\\[^\w]")


def route_pattern(route: str) -> Pattern:
    """The expression of a route; PatternError when it can't be read."""
    return pattern("".join(route.split()))


def new_route_pattern(route: str) -> Pattern:
    """Like `route_pattern`, for a route that is to be stored: PatternError, too, when a guarded
    database would read it otherwise than the program."""
    # An escaped character stands for itself in both; what follows it is read on its own.
    apart = _READ_APART.search(_ESCAPED.sub("_", route))
    if apart is not None:
        raise PatternError(f"{apart[0]} isn't read alike by all who match routes")
    return route_pattern(route)


class Permissions:
    """Routes of the e-groups in force; `problems` names the routes that are left out as faulty.

    On a guarded database `judge` has that say which e-groups a path is allowed to; each path is
    asked about once.
    """

    def __init__(
        self,
        rows: Iterable[PermissionRow] = (),
        judge: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        self.rows = tuple((egroup, tuple(routes)) for egroup, routes in rows)
        self._judge = judge
        self._judged: dict[str, tuple[str, ...]] = {}
        self._routes: list[tuple[str, tuple[Pattern, ...]]] = []
        problems: list[str] = []
        for egroup, routes in self.rows:
            readable: list[Pattern] = []
            for route in routes:
                try:
                    readable.append(route_pattern(route))
                except PatternError as error:
                    problems.append(
                        f'Permission of {egroup}: the route "{route[:_SHOWN]}" can\'t be read as a'
                        f" regular expression ({error}); it allows nothing."
                    )
            self._routes.append((egroup, tuple(readable)))
        self.problems = tuple(problems)

    def egroups_for(self, path: str) -> tuple[str, ...]:
        """The e-groups that may act at the path, in alphabetical order."""
        known = self._judged.get(path)
        if known is None:
            known = self._judged[path] = tuple((self._judge or self._matching)(path))
        return known

    def _matching(self, path: str) -> list[str]:
        return sorted(
            {
                egroup
                for egroup, routes in self._routes
                if any(route.begins(path) for route in routes)
            }
        )

    def allows(self, actor: Actor, path: str) -> bool:
        """Whether one of the actor's e-groups has a route that the path begins with."""
        return not actor.egroups.isdisjoint(self.egroups_for(path))

    def knows(self, paths: Iterable[str]) -> bool:
        """Whether the answers for these paths are there without asking a database."""
        return self._judge is None or all(path in self._judged for path in paths)

    def check(self, actor: Actor, path: str) -> None:
        """Raises NotPermitted, naming the e-groups that would be allowed."""
        self.check_any(actor, (path,))

    def check_all(self, actor: Actor, paths: Iterable[str]) -> None:
        """Raises NotPermitted at the first path that isn't allowed."""
        for path in paths:
            self.check(actor, path)

    def check_any(self, actor: Actor, paths: Sequence[str]) -> None:
        """Raises NotPermitted when none of the paths is allowed."""
        if refusal := self.why_not(actor, paths):
            raise NotPermitted(refusal, self.egroups_for_any(paths))

    def why_not(self, actor: Actor, paths: Sequence[str]) -> str:
        """Why the actor may do it at none of the paths, naming the e-groups that would be
        allowed; empty when one is allowed."""
        if any(self.allows(actor, path) for path in paths):
            return ""
        return _refusal(actor, " or ".join(paths), self.egroups_for_any(paths))

    def egroups_for_any(self, paths: Sequence[str]) -> tuple[str, ...]:
        """The e-groups that may act at one of the paths."""
        return tuple(dict.fromkeys(group for path in paths for group in self.egroups_for(path)))


def egroup_address(egroup: str) -> str:
    """Page of an e-group, where its members and who can add to them are seen."""
    return f"https://e-groups.cern.ch/e-groups/Egroup.do?egroupName={quote(egroup)}&tab=3"


def check_creator_or_expert(actor: Actor, created_by: str | None, what: str) -> None:
    """Raises NotPermitted unless the actor made the thing or is an expert."""
    if refusal := why_neither_creator_nor_expert(actor, created_by, what):
        raise NotPermitted(refusal, (EXPERTS,))


def why_neither_creator_nor_expert(actor: Actor, created_by: str | None, what: str) -> str:
    """Why the actor may not change the thing; empty for who made it and for experts."""
    if EXPERTS in actor.egroups or (created_by and actor.email == created_by):
        return ""
    maker = f"{created_by}, who made it, or " if created_by else ""
    return f"{actor.email} may not change {what}. Only {maker}a member of {EXPERTS} may."


def _refusal(actor: Actor, paths: str, egroups: Sequence[str]) -> str:
    refused = f"{actor.email} may not do this ({paths})."
    if not egroups:
        return (
            f"{refused} The permissions in force allow it to nobody; an administrator of the"
            " database has to give the right to an e-group."
        )
    if len(egroups) == 1:
        return f"{refused} It takes a member of {egroups[0]}."
    return f"{refused} It takes a member of one of {', '.join(egroups)}."


# --- paths of the actions, as the routes are written for; nothing in them is percent-encoded ------


def move_run_path(from_: str, to: str) -> str:
    return actions.MOVE_RUN.filled({"from": from_, "to": to})


def mark_significant_path() -> str:
    return actions.MARK_SIGNIFICANT.of()


def edit_run_path(run_number: int | str, attribute: str) -> str:
    return actions.EDIT_RUN.of(run=run_number, attribute=attribute)


def settle_manual_update_path(run_number: int | str) -> str:
    return edit_run_path(run_number, "run_needs_to_be_updated_manually")


def edit_lumisections_paths(dataset_name: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Paths that must all be allowed to edit these columns of a dataset."""
    if dataset_name == ONLINE:
        return (actions.EDIT_ONLINE.of(),)
    return tuple(actions.EDIT_OFFLINE.of(column=column) for column in dict.fromkeys(columns))


def edit_dcs_bits_path() -> str:
    return actions.EDIT_BITS.of()


def move_dataset_paths(
    workspace: str, from_: str, to: str, *, in_pending_cycle: bool = False
) -> tuple[str, ...]:
    """Paths of which one must be allowed; a cycle pending in the workspace opens a second way."""
    names = {"workspace": workspace, "from": from_, "to": to}
    direct = actions.MOVE_DATASET.filled(names)
    if not in_pending_cycle:
        return (direct,)
    return (direct, actions.MOVE_DATASET_OF_CYCLE.filled(names))


def import_luminosity_path() -> str:
    """Action of importing luminosity: whoever may do everything may do this."""
    return actions.IMPORT_LUMINOSITY.of()


def duplicate_datasets_path() -> str:
    return actions.DUPLICATE.of()


def copy_columns_path() -> str:
    return actions.COPY_COLUMNS.of()


def set_columns_path() -> str:
    return actions.SET_COLUMNS.of()


def hide_datasets_path() -> str:
    return actions.HIDE.of()


def change_states_path(workspace: str, from_: str, to: str) -> str:
    return actions.CHANGE_STATES.filled({"workspace": workspace, "from": from_, "to": to})


def change_states_in_all_workspaces_path(to: str) -> str:
    return actions.CHANGE_ALL_STATES.of(to=to)


def cycles_path() -> str:
    return actions.CYCLES.of()


def add_to_cycle_path() -> str:
    return actions.ADD_TO_CYCLE.of()


def delete_from_cycle_path() -> str:
    return actions.DELETE_FROM_CYCLE.of()


def complete_cycle_path(workspace: str) -> str:
    return actions.COMPLETE_CYCLE.of(workspace=workspace)


def reopen_cycle_path(workspace: str) -> str:
    return actions.REOPEN_CYCLE.of(workspace=workspace)


def freeze_cycle_path() -> str:
    """Whoever may complete a cycle as a whole may freeze it."""
    return actions.FREEZE_CYCLE.of()


def verify_path(workspace: str) -> str:
    """Whoever may complete a dataset in a workspace may verify it there."""
    return actions.VERIFY.of(workspace=workspace)


def move_all_datasets_path(workspace: str) -> str:
    return actions.MOVE_ALL_OF_CYCLE.of(workspace=workspace)


def classifiers_path(category: str) -> str:
    return actions.CLASSIFIERS.of(category=category)


def datasets_accepted_path() -> str:
    return actions.DATASETS_ACCEPTED.of()


def permissions_path() -> str:
    return actions.PERMISSIONS.of()


def workspaces_path(*, online: bool) -> str:
    return actions.WORKSPACES.of(side="online" if online else "offline")


def generate_json_path() -> str:
    return actions.GENERATE_JSON.of()
