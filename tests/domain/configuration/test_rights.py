"""Who could do what under other permissions."""

from app.domain.configuration.in_force import Configuration, Workspace
from app.domain.configuration.permissions import EXPERTS, Permissions
from app.domain.configuration.rights import matrix

CONFIGURATION = Configuration(
    1,
    permissions=Permissions(
        [
            (EXPERTS, [".*"]),
            (
                "dt-people",
                ["/dataset_lumisections/dt-dt", "/datasets/dt/move_dataset/[A-Z]*/SIGNOFF"],
            ),
        ]
    ),
    workspaces=(
        Workspace("dt", False, ("dt-dt",)),
        Workspace("csc", False, ("csc-csc",)),
        Workspace("dt", True, ("dt-dt",)),
    ),
)


def _changed(after: list[tuple[str, list[str]]]) -> dict[str, tuple[list[str], list[str]]]:
    return {
        f"{each.right.group}: {each.right.action}": (sorted(each.gained), sorted(each.lost))
        for each in matrix(CONFIGURATION, after)
        if each.gained or each.lost
    }


def test_that_every_action_names_who_may_do_it() -> None:
    lines = {
        (each.right.group, each.right.action): each.egroups
        for each in matrix(CONFIGURATION, CONFIGURATION.permissions.rows)
    }
    assert lines["Offline, dt", "Edit dt-dt"] == {EXPERTS, "dt-people"}
    assert lines["Offline, csc", "Edit csc-csc"] == {EXPERTS}
    assert lines["Offline, dt", "Move a dataset from OPEN to SIGNOFF"] == {EXPERTS, "dt-people"}
    assert lines["Configuration", "Edit permissions"] == {EXPERTS}


def test_that_a_change_says_who_gains_and_who_loses() -> None:
    after = [(EXPERTS, [".*"]), ("dt-people", ["/dataset_lumisections/(dt|csc)-.*"])]
    assert _changed(after) == {
        "Offline, csc: Edit csc-csc": (["dt-people"], []),
        "Offline, dt: Move a dataset from OPEN to SIGNOFF": ([], ["dt-people"]),
        "Offline, dt: Move a dataset from COMPLETED to SIGNOFF": ([], ["dt-people"]),
    }


def test_that_a_faulty_route_gives_nothing() -> None:
    lines = matrix(CONFIGURATION, [("dt-people", ["("])])
    assert all(not each.egroups for each in lines)
