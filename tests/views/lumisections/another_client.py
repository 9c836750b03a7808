"""A client in a process of its own: drafts and goes away without a word, or writes; tells when."""

import os
import signal
import sys
from pathlib import Path

from app.domain.editing.edits import ColumnEdit
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.editing import drafts, presence
from app.services.editing.drafts import Draft
from app.services.history import look as history

RUN = 390001


def main(what: str, dsn: str, folder: Path) -> None:
    actor = Actor("expert@cern.ch", frozenset({"cms-dqm-runregistry-experts"}))
    db = Database(dsn)
    db.prepare()
    triplet = Triplet("BAD", "HV trip")
    edit = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(10, 14),), triplet)
    if what == "draft":
        seen = history.look(Acting(db), RUN, "online").seen
        acting = Acting(db, actor, client="another", draft_folder=folder)
        drafts.save(acting, Draft(RUN, "online", (edit,), seen))
        presence.open_dataset(acting, (RUN, "online"), editing=True)
        sys.stdout.write("drafted\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    bulk_edit.write(Acting(db, actor), [edit])
    sys.stdout.write("written\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
