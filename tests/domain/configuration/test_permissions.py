"""Who may do what, by the routes of their e-groups."""

import json
import re
from pathlib import Path

import pytest

from app.domain.configuration import permissions as paths
from app.domain.configuration import rights
from app.domain.configuration.in_force import Configuration
from app.domain.configuration.permissions import (
    EXPERTS,
    Permissions,
    check_creator_or_expert,
    new_route_pattern,
    route_pattern,
)
from app.domain.errors import NotPermitted
from app.domain.identity import Actor
from app.domain.text.patterns import PatternError

CERTIFIERS = "cms-dqm-runregistry-offline-csc-certifiers"
SHIFTERS = "cms-dqm-runregistry-online-shifters"


def _actor(*egroups: str, email: str = "someone@example.org") -> Actor:
    return Actor(email, frozenset(egroups))


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Permissions:
    rows = json.loads((shared_data / "data/configuration/Permission.json").read_text("utf-8"))
    return Permissions((row["egroup"], row["routes"]) for row in rows)


@pytest.mark.parametrize(
    ("egroup", "path", "allowed"),
    [
        (SHIFTERS, paths.mark_significant_path(), True),
        (SHIFTERS, paths.move_run_path("OPEN", "SIGNOFF"), True),
        (SHIFTERS, paths.move_run_path("SIGNOFF", "OPEN"), False),
        (SHIFTERS, paths.edit_run_path(355100, "stop_reason"), True),
        (SHIFTERS, paths.edit_lumisections_paths("online", ["dt-dt"])[0], True),
        (SHIFTERS, paths.edit_dcs_bits_path(), False),
        (SHIFTERS, paths.generate_json_path(), True),
        (CERTIFIERS, paths.move_dataset_paths("csc", "OPEN", "SIGNOFF")[0], True),
        (CERTIFIERS, paths.move_dataset_paths("csc", "SIGNOFF", "OPEN")[0], False),
        (CERTIFIERS, paths.move_dataset_paths("dt", "OPEN", "SIGNOFF")[0], False),
        (CERTIFIERS, paths.edit_lumisections_paths("/A/B/C", ["csc-csc"])[0], True),
        (CERTIFIERS, paths.edit_lumisections_paths("/A/B/C", ["dt-dt"])[0], False),
        (EXPERTS, paths.hide_datasets_path(), True),
        ("cms-dqm-runregistry-data-certification", paths.classifiers_path("class"), True),
        ("cms-dqm-runregistry-data-certification", paths.permissions_path(), False),
        ("cms-dqm-runregistry-admins-csc", paths.complete_cycle_path("csc"), True),
    ],
)
def test_that_the_real_permissions_decide(
    real: Permissions, egroup: str, path: str, allowed: bool
) -> None:
    assert real.problems == ()
    assert real.allows(_actor(egroup), path) is allowed


def test_that_blanks_in_a_route_do_not_count(real: Permissions) -> None:
    # The real route reads `/dataset_lumisections/l1t .*`.
    path = paths.edit_lumisections_paths("/A/B/C", ["l1t-l1tmu"])[0]
    assert real.allows(_actor("cms-dqm-runregistry-offline-l1t-certifiers"), path)


def test_that_a_refusal_names_the_egroups_that_would_be_allowed() -> None:
    permissions = Permissions([("b", ["/x"]), ("a", ["/x/y"]), ("c", ["/z"])])
    with pytest.raises(NotPermitted, match=r"someone@example.org .*/x/y.* one of a, b\.$"):
        permissions.check(_actor("c"), "/x/y")
    with pytest.raises(NotPermitted, match=r"a member of c\.$"):
        permissions.check(_actor("a"), "/z")
    with pytest.raises(NotPermitted, match="allow it to nobody"):
        permissions.check(_actor("a", "b", "c"), "/other")


def test_that_a_route_is_how_a_path_begins() -> None:
    permissions = Permissions(
        [
            ("a", ["/runs/move_run"]),
            ("b", ["move_run/OPEN"]),
            ("c", ["^/runs/move_run/OPEN$"]),
            ("d", ["/x|/runs"]),
        ]
    )
    path = paths.move_run_path("OPEN", "SIGNOFF")
    assert permissions.egroups_for(path) == ("a", "d")
    # A name inside a path carries no other right.
    assert permissions.egroups_for(f"/cycles{path}") == ()


def test_that_a_faulty_route_is_left_out_and_reported() -> None:
    permissions = Permissions([("a", ["(", "/fine"])])
    assert permissions.allows(_actor("a"), "/fine")
    assert not permissions.allows(_actor("a"), "(")
    assert permissions.problems == (
        'Permission of a: the route "(" can\'t be read as a regular expression (missing ): ();'
        " it allows nothing.",
    )


@pytest.mark.parametrize(
    "route", ["a{99999999999}", f"{'(' * 1500}a{')' * 1500}", "(?=/fine).*", r"(.)\1", "\ud800"]
)
def test_that_a_route_nobody_can_read_never_stops_the_others(route: str) -> None:
    permissions = Permissions([("b", [route]), ("a", [route, "/fine"])])
    assert permissions.egroups_for("/fine") == ("a",)
    assert len(permissions.problems) == 2
    assert all(len(problem) < 300 for problem in permissions.problems)


def test_that_the_real_routes_mean_what_they_meant(real: Permissions, shared_data: Path) -> None:
    """Python's own engine reads each as ours does, on the path of every action there is."""
    rows = json.loads((shared_data / "data/configuration/Permission.json").read_text("utf-8"))
    assert len(rows) == 40
    workspaces, columns = (
        json.loads((shared_data / f"data/configuration/{name}.json").read_text("utf-8"))
        for name in ("Workspace", "WorkspaceColumn")
    )
    asked = {path for row in rows for path in row["routes"]}
    name_of = {row["id"]: row["workspace"] for row in workspaces}
    for workspace in {"global", *name_of.values()}:
        names = [
            f"{workspace}-{row['name']}"
            for row in columns
            if name_of[row["id_workspace"]] == workspace
        ]
        asked.update(
            path for right in rights._of_workspace(workspace, names) for path in right.paths
        )
    asked.update(path for right in rights.rights(Configuration(1)) for path in right.paths)
    assert len(asked) > 500
    for path in asked:
        expected = {
            row["egroup"]
            for row in rows
            if any(re.match(re.sub(r"\s+", "", route), path) for route in row["routes"])
        }
        searched = {
            row["egroup"]
            for row in rows
            if any(re.search(re.sub(r"\s+", "", route), path) for route in row["routes"])
        }
        assert set(real.egroups_for(path)) == expected == searched, path


def test_that_nobody_passes_because_of_how_their_name_begins() -> None:
    permissions = Permissions([(EXPERTS, [".*"])])
    for email in ("auto@auto", "auto@auto - someone@example.org"):
        with pytest.raises(NotPermitted):
            permissions.check(_actor(email=email), paths.mark_significant_path())


def test_that_every_column_of_an_offline_edit_is_asked_for() -> None:
    permissions = Permissions([("dt", ["/dataset_lumisections/dt-.*"])])
    asked = paths.edit_lumisections_paths("/A/B/C", ["dt-dt", "csc-csc", "dt-dt"])
    assert asked == ("/dataset_lumisections/dt-dt", "/dataset_lumisections/csc-csc")
    with pytest.raises(NotPermitted, match="csc-csc"):
        permissions.check_all(_actor("dt"), asked)


def test_that_a_pending_cycle_opens_a_second_way() -> None:
    permissions = Permissions([("dt", ["/cycles/move_dataset/dt/.*"])])
    actor = _actor("dt")
    permissions.check_any(
        actor, paths.move_dataset_paths("dt", "OPEN", "SIGNOFF", in_pending_cycle=True)
    )
    with pytest.raises(NotPermitted):
        permissions.check_any(actor, paths.move_dataset_paths("dt", "OPEN", "SIGNOFF"))


def test_that_only_the_creator_and_experts_change_what_somebody_made() -> None:
    what = 'the JSON configuration "golden"'
    check_creator_or_expert(_actor(), "someone@example.org", what)
    check_creator_or_expert(_actor(EXPERTS), None, what)
    with pytest.raises(NotPermitted, match=r"other@example.org, who made it, or a member of"):
        check_creator_or_expert(_actor(), "other@example.org", what)
    with pytest.raises(NotPermitted, match=r"Only a member of cms-dqm-runregistry-experts may"):
        check_creator_or_expert(_actor(email=""), None, what)


def test_that_luminosity_is_imported_by_who_may_do_everything(real: Permissions) -> None:
    path = paths.import_luminosity_path()
    real.check(_actor(EXPERTS), path)
    for egroup in (SHIFTERS, CERTIFIERS):
        with pytest.raises(NotPermitted):
            real.check(_actor(egroup), path)


def test_that_a_database_that_judges_is_asked_once_for_each_path() -> None:
    asked: list[str] = []

    def judge(path: str) -> tuple[str, ...]:
        asked.append(path)
        return ("dt-experts",)

    permissions = Permissions([("shifters", [".*"])], judge)
    assert not permissions.knows(["/a"])
    assert permissions.allows(Actor("dt@cern.ch", frozenset({"dt-experts"})), "/a")
    assert not permissions.allows(Actor("s@cern.ch", frozenset({"shifters"})), "/a")
    assert permissions.knows(["/a"])
    assert asked == ["/a"]
    assert Permissions().knows(["/a"])


@pytest.mark.parametrize(
    "route", [r"/a\b", r"/a\\\b", r"\A/a", r"/\x41", r"/\1", r"/(?i:a)", r"/(?P<n>a)", r"/[[.a.]]"]
)
def test_that_a_route_that_is_not_read_alike_everywhere_is_not_stored(route: str) -> None:
    with pytest.raises(PatternError, match="isn't read alike"):
        new_route_pattern(route)


@pytest.mark.parametrize("route", [".*", r"/a/[0-9]+", r"/a\.b\\b", r"/\d+", r"/(?:a|b)\-[\w]"])
def test_that_other_routes_are(route: str) -> None:
    assert new_route_pattern(route) is route_pattern(route)
