"""Trying, comparing and explaining classifiers: `python -m benchmarks.configuration`.

Runs are those of `chain`, 200 of 700 lumisections. With `--configuration DIR` the lists are those
of a folder as `run-registry config export` writes it, else the shipped ones.
"""

from functools import partial
from pathlib import Path

from app.domain.configuration.in_force import Configuration, Kind
from app.domain.json_value import JsonObject, JsonValue
from app.models import configuration as model
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.classifying import reclassify, trials, why
from app.services.classifying.trials import Draft
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.configuration import versions as configuration_versions
from app.services.pulling import runs as pull
from benchmarks import figures
from benchmarks.chain import EXPERT, FIRST_RUN, answer
from benchmarks.chain import RUNS as SEASON
from benchmarks.database import folder_argument, measured, prepared, server

RUNS = min(200, SEASON)


def drafts(current: Configuration) -> dict[str, tuple[Draft, str]]:
    """Changes to try, with the target of each."""
    rule: JsonValue = {"and": [{"==": [{"var": "dtm_ready"}, False]}, {"var": "dt_included"}]}
    dense: JsonValue = {">=": [{"var": "recorded"}, 0.32]}
    offline: JsonValue = {"==": [{"var": "lumisection.rr.dt-dt.status"}, "BAD"]}
    column: JsonObject = {"status": "BAD", "priority": 0, "enabled": True, "online": True}
    new = {name: {**column, "column": name} for name in ("dt-dt", "csc-csc")}
    class_ = current.class_classifiers[0]
    return {
        "a class rule": (Draft(Kind.CLASS, class_.id, {"classifier": rule}), "1 s"),
        "a component rule over bits": (
            Draft(Kind.COMPONENT, None, {**new["dt-dt"], "classifier": rule}),
            "2 s",
        ),
        "a component rule over luminosity": (
            Draft(Kind.COMPONENT, None, {**new["csc-csc"], "classifier": dense}),
            "2 s",
        ),
        "an offline component rule": (
            Draft(Kind.COMPONENT, None, {**new["dt-dt"], "online": False, "classifier": offline}),
            "2 s",
        ),
    }


def build(db: Database, folder: Path | None) -> None:
    """Runs classified by the shipped configuration, then the lists of `folder`."""
    with db.read() as connection:
        known = model.settings_in_force(connection)
    if folder is not None and known <= 1:
        configuration.import_folder(Acting(db, EXPERT), folder)
    missing = list(range(FIRST_RUN, FIRST_RUN + RUNS))
    have = {run.run_number for run in trials.recorded_runs(Acting(db), missing)}
    for number in missing:
        if number not in have:
            pull.apply(Acting(db), answer(number))


@figures.kept("configuration")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--configuration", type=Path, help="folder of configuration tables")
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        build(db, given.configuration)
        numbers = range(FIRST_RUN, FIRST_RUN + RUNS)
        for kind in Kind:
            history = configuration_versions.versions(Acting(db), kind)
            print(f"{kind}: {len(history.versions)} versions, {len(history.items)} items")
        measured(
            "history of the component classifiers",
            lambda: configuration_versions.versions(Acting(db), Kind.COMPONENT),
        )
        history = configuration_versions.versions(Acting(db), Kind.COMPONENT)
        first, last = history.versions[0].settings_id, history.versions[-1].settings_id
        measured(
            "difference of its first and last version", lambda: history.difference(first, last)
        )
        measured(
            "versions in force when an event was written",
            lambda: configuration_versions.in_force_at_event(Acting(db), 1),
        )
        for label, (draft, target) in drafts(configuration.current(Acting(db))).items():
            measured(
                f"try {label}, {RUNS} runs",
                partial(trials.try_draft, Acting(db), draft, numbers),
                target=target,
            )
        measured("why this class", lambda: why.why_class(Acting(db), FIRST_RUN))
        measured(
            "why this status", lambda: why.why_column(Acting(db), FIRST_RUN, "online", "dt-dt", 300)
        )
        measured(
            f"preview of reclassifying {RUNS} runs",
            lambda: reclassify.preview(Acting(db), numbers),
            times=1,
        )
        item = configuration.current(Acting(db)).class_classifiers[0]
        measured(
            "save an item",
            lambda: configuration_edits.edit_item(
                Acting(db, EXPERT),
                Kind.CLASS,
                max(each.id for each in configuration.current(Acting(db)).class_classifiers),
                {"priority": item.priority},
            ),
        )
        db.close()


if __name__ == "__main__":
    main()
