"""The status bar says that a standby is read, and how far behind it is."""

from types import SimpleNamespace

from app.views.frame.status_bar import StatusBar
from app.views.frame.watching.standby_watch import StandbyWatch


def test_that_it_is_said_while_a_standby_is_read(qtbot, owner, notices, themes, workplace):
    # What a standby says is tried on real ones; here it is shown.
    db = SimpleNamespace(reads_standby=True, standby_behind_s=None)
    watch = StandbyWatch(SimpleNamespace(acting=SimpleNamespace(db=db)), owner)
    bar = StatusBar(workplace.session, notices, themes)
    qtbot.addWidget(bar)
    watch.said.connect(bar.show_standby)
    watch.start()
    shown = []
    for behind_s in (None, 0.2, 7.3, None):
        db.standby_behind_s = behind_s
        watch.look()
        shown.append((bar.standby.text(), bar.standby.isHidden()))
    watch.stop()
    assert shown == [
        ("", True),
        ("standby, up to date", False),
        ("standby, 7 s behind", False),
        ("", True),
    ]
