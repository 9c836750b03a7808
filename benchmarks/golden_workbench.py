"""The golden JSON workbench on the season of `chain`: `python -m benchmarks.golden_workbench`."""

import random
import tempfile
from pathlib import Path

from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.services.configuration import in_force as configuration
from app.services.editing import lumisections
from app.services.golden import explain as golden_explain
from app.services.golden import generation as golden
from app.services.golden import lists as golden_lists
from app.services.golden import losses as golden_losses
from app.services.golden.checks import reproduce as golden_reproduce
from app.services.golden.lists import Operation, Part
from app.services.golden.luminosity import import_brilcalc
from benchmarks import figures
from benchmarks.chain import EXPERT, FIRST_RUN, LENGTH, RUNS, build_season
from benchmarks.database import folder_argument, measured, prepared, server

PATTERN = "online"


def edit_some(db: Database) -> None:
    """A bit goes off in twenty runs."""
    edits = [
        lumisections.BitEdit(number, PATTERN, "dtm_ready", (LumiRange(100, 140),), False)
        for number in range(FIRST_RUN, FIRST_RUN + min(20, RUNS))
    ]
    for edit in edits:
        with_runs_open(db, edit)


def with_runs_open(db: Database, edit: lumisections.BitEdit) -> None:
    """Edits a run that is signed off."""
    runs.move(Acting(db, EXPERT), edit.run_number, "OPEN")
    lumisections.edit_bits(Acting(db, EXPERT), [edit], comment="off in the logbook")


def byls(folder: Path, chance: random.Random, count: int) -> Path:
    """A file of brilcalc for the first runs of the season."""
    file = folder / "byls.csv"
    with file.open("w", encoding="utf-8") as written:
        written.write(
            "#run:fill,ls,time,beamstatus,E(GeV),delivered(/pb),recorded(/pb),avgpu,source\n"
        )
        for number in range(FIRST_RUN, FIRST_RUN + count):
            for at in range(1, LENGTH + 1):
                recorded = 0.3 + chance.random() / 50
                written.write(
                    f"{number}:10500,{at}:{at},06/01/25 10:00:00,STABLE BEAMS,6800,"
                    f"{recorded * 1.05:.9f},{recorded:.9f},50.1,HFOC\n"
                )
    return file


@figures.kept("golden_workbench")
def main() -> None:
    given = folder_argument(__doc__ or "").parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        build_season(db)
        rule = configuration.shipped_rule("dcs-only")
        old = golden.generate(Acting(db, EXPERT), PATTERN, rule).id
        edit_some(db)
        new = golden.generate(Acting(db, EXPERT), PATTERN, rule).id
        one, other = (
            golden_lists.of_database(Acting(db), old),
            golden_lists.of_database(Acting(db), new),
        )
        measured(
            "combine: and, or, minus",
            lambda: golden_lists.combine(
                [Part(one), *(Part(other, operation) for operation in Operation)]
            ),
        )
        measured("compare with luminosity", lambda: golden_lists.compare(Acting(db), one, other))
        measured(
            "events between two lists, 20 runs",
            lambda: golden_reproduce.changes_between(Acting(db), old, new),
        )
        question = golden_explain.question_of(Acting(db), new)
        measured(
            "explain a lumisection with who set its values",
            lambda: golden_explain.explain_lumisection(Acting(db), question, FIRST_RUN, 120),
        )
        measured(
            "explain a run", lambda: golden_explain.explain_run(Acting(db), question, FIRST_RUN)
        )
        measured("losses of a stored list", lambda: golden_losses.losses_of_list(Acting(db), new))
        measured("reproduce the newest list", lambda: golden_reproduce.reproduce(Acting(db), new))
        measured(
            "reproduce a list 20 runs ago", lambda: golden_reproduce.reproduce(Acting(db), old)
        )
        with tempfile.TemporaryDirectory() as made:
            file = byls(Path(made), random.Random(1), min(50, RUNS))
            measured(
                "brilcalc, 50 runs: dry run",
                lambda: import_brilcalc(Acting(db, EXPERT), file, dry_run=True),
            )
            measured(
                "the same: written", lambda: import_brilcalc(Acting(db, EXPERT), file), times=1
            )
            measured("the same again: nothing", lambda: import_brilcalc(Acting(db, EXPERT), file))
        db.close()


if __name__ == "__main__":
    main()
