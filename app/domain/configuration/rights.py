"""Who may do what: the actions there are, against the e-groups of permissions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.configuration import permissions as paths
from app.domain.configuration.in_force import GLOBAL, Configuration, Kind
from app.domain.configuration.permissions import PermissionRow, Permissions


@dataclass(frozen=True, slots=True)
class Right:
    """Something that can be done, and the paths that must all be allowed for it; what it says
    stands for all like it (any run, any column of the workspace)."""

    group: str
    action: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RightLine:
    """A right with the e-groups that have it, and those that had it before a change."""

    right: Right
    egroups: frozenset[str]
    before: frozenset[str]

    @property
    def gained(self) -> frozenset[str]:
        """E-groups that get the right by the change."""
        return self.egroups - self.before

    @property
    def lost(self) -> frozenset[str]:
        """E-groups that lose the right by the change."""
        return self.before - self.egroups


def rights(configuration: Configuration) -> tuple[Right, ...]:
    """Everything a route can be about, with the workspaces there are."""
    found: list[Right] = [
        Right("Runs", f"Move from {from_} to {to}", (paths.move_run_path(from_, to),))
        for from_, to in _MOVES
    ]
    found += [
        Right("Runs", "Mark significant", (paths.mark_significant_path(),)),
        *(
            Right("Runs", f"Set {name} by hand", (paths.edit_run_path(355100, name),))
            for name in ("class", "stop_reason", "significant", "short_run")
        ),
        Right("Runs", "Settle a manual update", (paths.settle_manual_update_path(355100),)),
        Right("Runs", "Edit lumisections of online", paths.edit_lumisections_paths("online", ())),
        Right("Runs", "Edit DCS bits", (paths.edit_dcs_bits_path(),)),
        Right("Runs", "Import luminosity", (paths.import_luminosity_path(),)),
    ]
    for workspace in sorted(configuration.workspaces, key=lambda each: each.name):
        if not workspace.online:
            found += _of_workspace(workspace.name, workspace.columns)
    found += _of_workspace(GLOBAL, ())
    found += [
        Right("Tools", action, (path,))
        for action, path in (
            ("Duplicate datasets", paths.duplicate_datasets_path()),
            ("Copy columns", paths.copy_columns_path()),
            ("Set columns", paths.set_columns_path()),
            ("Hide datasets", paths.hide_datasets_path()),
            ("Change all states", paths.change_states_in_all_workspaces_path("OPEN")),
        )
    ]
    found += [
        Right("Cycles", action, (path,))
        for action, path in (
            ("Create and edit", paths.cycles_path()),
            ("Add datasets", paths.add_to_cycle_path()),
            ("Delete datasets", paths.delete_from_cycle_path()),
            ("Freeze and thaw", paths.freeze_cycle_path()),
        )
    ]
    found += [
        Right("Configuration", f"Edit {words}", (path,))
        for words, path in (
            ("class classifiers", paths.classifiers_path(Kind.CLASS)),
            ("component classifiers", paths.classifiers_path(Kind.COMPONENT)),
            ("dataset classifiers", paths.classifiers_path(Kind.DATASET)),
            ("offline dataset classifiers", paths.classifiers_path(Kind.OFFLINE_DATASET)),
            ("JSON configurations", paths.classifiers_path(Kind.JSON_RULE)),
            ("accepted datasets", paths.datasets_accepted_path()),
            ("online workspaces", paths.workspaces_path(online=True)),
            ("offline workspaces", paths.workspaces_path(online=False)),
            ("permissions", paths.permissions_path()),
        )
    ]
    found.append(Right("Golden JSON", "Generate", (paths.generate_json_path(),)))
    return tuple(found)


def matrix(configuration: Configuration, after: Iterable[PermissionRow]) -> tuple[RightLine, ...]:
    """Who could do what under other permissions, beside who can now."""
    now, then = configuration.permissions, Permissions(after)
    return tuple(
        RightLine(right, _holders(then, right), _holders(now, right))
        for right in rights(configuration)
    )


_MOVES = (
    ("OPEN", "SIGNOFF"),
    ("OPEN", "COMPLETED"),
    ("SIGNOFF", "OPEN"),
    ("SIGNOFF", "COMPLETED"),
    ("COMPLETED", "OPEN"),
    ("COMPLETED", "SIGNOFF"),
)


def _of_workspace(workspace: str, columns: Sequence[str]) -> list[Right]:
    group = f"Offline, {workspace}"
    found = [
        Right(group, f"Edit {column}", paths.edit_lumisections_paths("/A/B/C", (column,)))
        for column in columns
    ]
    found += [
        Right(
            group,
            f"Move a dataset from {from_} to {to}",
            paths.move_dataset_paths(workspace, from_, to),
        )
        for from_, to in (("waiting dqm gui", "OPEN"), *_MOVES)
    ]
    for from_, to in _MOVES:
        path = paths.move_dataset_paths(workspace, from_, to, in_pending_cycle=True)[1]
        found.append(Right(group, f"Move from {from_} to {to} in a pending cycle", (path,)))
    found += [
        Right(group, action, (path,))
        for action, path in (
            ("Change many states", paths.change_states_path(workspace, "SIGNOFF", "OPEN")),
            ("Verify", paths.verify_path(workspace)),
            ("Complete a cycle", paths.complete_cycle_path(workspace)),
            ("Reopen a cycle", paths.reopen_cycle_path(workspace)),
            ("Move all datasets of a cycle", paths.move_all_datasets_path(workspace)),
        )
    ]
    return found


def _holders(permissions: Permissions, right: Right) -> frozenset[str]:
    allowed = [set(permissions.egroups_for(path)) for path in right.paths]
    return frozenset(set.intersection(*allowed)) if allowed else frozenset()
