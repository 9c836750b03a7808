"""What was done last to one item is taken back, whatever happened to others."""

import pytest

from app.domain.configuration.in_force import Kind
from app.domain.errors import Conflict, NotFound, NotPermitted
from app.domain.json_value import JsonObject
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force
from app.services.configuration.edits import add_item, delete_item, edit_item
from app.services.configuration.take_back import take_back
from app.services.configuration.versions import versions
from tests.builders import EXPERT, NOBODY, configure

NEW: JsonObject = {"class": "Cosmics26", "priority": 3, "enabled": True, "classifier": {"var": "b"}}


@pytest.fixture
def acting(database: Database) -> Acting:
    configure(database)
    return Acting(database, EXPERT)


def classes(acting: Acting) -> dict[str, int]:
    return {each.class_: each.priority for each in in_force.current(acting).class_classifiers}


def test_that_a_changed_an_added_and_a_removed_item_are_as_before(acting: Acting) -> None:
    before = classes(acting)
    changed = edit_item(acting, Kind.CLASS, 1, {"priority": 9})
    added = add_item(acting, Kind.CLASS, NEW, insist=True)
    delete_item(acting, Kind.CLASS, 2)
    assert "as it was before" in take_back(acting, Kind.CLASS, changed)
    assert "Removed Cosmics26 again." in take_back(acting, Kind.CLASS, added)
    assert "is back" in take_back(acting, Kind.CLASS, 2)
    assert classes(acting) == before


def test_that_only_what_is_still_in_force_is_taken_back_and_by_who_may(acting: Acting) -> None:
    changed = edit_item(acting, Kind.CLASS, 1, {"priority": 9})
    with pytest.raises(NotPermitted):
        take_back(acting.by(NOBODY), Kind.CLASS, changed)
    edit_item(acting, Kind.CLASS, changed, {"priority": 10})
    with pytest.raises(Conflict):
        take_back(acting, Kind.CLASS, changed)
    with pytest.raises(NotFound):
        take_back(acting, Kind.CLASS, 4711)


def test_that_the_version_before_the_newest_change_of_an_item_is_known(acting: Acting) -> None:
    first = versions(acting, Kind.CLASS).versions[-1].settings_id
    changed = edit_item(acting, Kind.CLASS, 1, {"priority": 9})
    delete_item(acting, Kind.CLASS, 2)
    history = versions(acting, Kind.CLASS)
    assert history.before_change_of(changed) == first
    assert history.before_change_of(2) == history.versions[-2].settings_id
    with pytest.raises(NotFound):
        history.before_change_of(3)
