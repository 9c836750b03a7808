"""Buttons of the configuration for somebody who may not change it."""

import pytest

from app.domain.identity import Actor


@pytest.mark.parametrize("actor", [Actor("nobody@example.org")])
def test_that_what_is_not_allowed_is_greyed_with_the_reason(turn, settled, context) -> None:
    pane = turn("class")
    pane.items.setCurrentItem(pane.items.topLevelItem(0))
    assert pane.editor.delete.isEnabled()
    context.rights.load()
    settled()
    for button in (pane.editor.save, pane.editor.delete):
        assert not button.isEnabled()
        assert "It takes a member of" in " ".join(button.toolTip().split())
