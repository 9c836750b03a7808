"""The configuration in force, and its import and export as files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

from msgspec import Struct

from app import assets, files
from app.domain.configuration.in_force import ColumnsAndRights, Configuration, DatasetAccepted
from app.domain.configuration.permissions import permissions_path
from app.domain.errors import BadInput, NotFound, Refused
from app.domain.json_value import JsonObject, JsonValue, json_text
from app.domain.text.names import no_rule
from app.models import configuration as model
from app.models.configuration import ImportReport
from app.models.events.action import Action
from app.services.acting import Acting

SHIPPED = "configuration"
SHIPPED_RULES = "rules"
"""Folder of the configuration that an empty database gets."""


class FolderImported(Struct, frozen=True):
    """The outcome of importing a folder, and the problems of the configuration in force."""

    report: ImportReport
    problems: tuple[str, ...]
    replaced_default: bool = False


def current(acting: Acting) -> Configuration:
    """The configuration in force; read again only after it changed."""
    with acting.db.read() as connection:
        return model.in_force(connection)


def columns_and_rights(acting: Acting) -> ColumnsAndRights:
    """What edits are checked against, without the rules of the configuration."""
    with acting.db.read() as connection:
        return model.columns_and_rights(connection)


def of_action(action: Action) -> Configuration:
    """The same in the transaction of an action, which needn't begin another one before."""
    return model.in_force(action.connection)


def accepted_datasets(acting: Acting) -> tuple[DatasetAccepted, ...]:
    """The accepted datasets in force: enabled ones first, then by class and name."""
    return tuple(
        sorted(
            current(acting).datasets_accepted,
            key=lambda entry: (not entry.enabled, entry.class_, entry.name, entry.id),
        )
    )


def import_folder(acting: Acting, folder: Path) -> FolderImported:
    """Imports one JSON list per table, as `export_folder` writes them; other files are ignored.

    The person needs the right to change permissions, unless nobody has any right yet. All or
    nothing is imported. The shipped configuration is replaced while nobody has changed it. Where
    the configuration went on from the given one, as after an export, the given one is in force
    again.
    """
    given, others = _read_tables(folder)
    shipped, _ = _read_tables(assets.path(SHIPPED))
    with acting.db.transaction() as connection:
        model.lock(connection)
        in_force = model.in_force(connection)
        if in_force.permissions.rows:
            in_force.permissions.check(acting.actor, permissions_path())
        replaces = given != shipped and model.holds_only(connection, shipped)
        if replaces:
            model.clear(connection)
        earlier = None if replaces else model.earlier_version(connection, given)
        if earlier is None:
            report = model.import_tables(connection, given)
        else:
            made = model.go_back(connection, given, earlier, acting.actor.email)
            if not model.in_force(connection).permissions.egroups_for(permissions_path()):
                raise Refused(
                    "Then nobody could change permissions any more: what is to be imported has no"
                    f" e-group with a route for {permissions_path()}."
                )
            report = ImportReport(made, went_back_to=earlier)
    return FolderImported(replace(report, ignored=others), current(acting).problems, replaces)


def export_folder(acting: Acting, folder: Path) -> dict[str, int]:
    """Writes one JSON list per table of the configuration; returns the rows of each."""
    with acting.db.read() as connection:
        exported = model.export_tables(connection)
    files.make_folder(folder)
    texts = {folder / f"{name}.json": _rows_text(rows) for name, rows in exported.items()}
    # Some files of this export among those of another one would be a configuration of neither.
    files.try_out({file: text.encode() for file, text in texts.items()})
    for file, text in texts.items():
        files.write(file, text)
    return {name: len(rows) for name, rows in exported.items()}


def install_default(acting: Acting) -> bool:
    """Installs the shipped configuration in an empty database; returns whether it did."""
    given, _ = _read_tables(assets.path(SHIPPED))
    with acting.db.transaction() as connection:
        model.lock(connection)
        if not model.is_untouched(connection):
            return False
        model.import_tables(connection, given)
    return True


def shipped_rule(name: str) -> JsonValue:
    """A rule that comes with the program: `golden`, `muon` or `dcs-only`."""
    if name not in (known := shipped_rule_names()):
        raise no_rule(name, known)
    text = (assets.path(SHIPPED_RULES) / f"{name}.json").read_text(encoding="utf-8")
    rule: JsonValue = json.loads(text)
    return rule


def shipped_rule_names() -> tuple[str, ...]:
    """Names of the rules that come with the program."""
    return tuple(sorted(path.stem for path in assets.path(SHIPPED_RULES).glob("*.json")))


def _read_tables(folder: Path) -> tuple[dict[str, list[JsonObject]], tuple[str, ...]]:
    """Rows by table, and the names of the other JSON files. Raises NotFound or BadInput."""
    if not files.is_folder(folder):
        raise NotFound(f"There is no folder {folder}.")
    names = {table.name for table in model.CONFIGURATION_TABLES}
    given: dict[str, list[JsonObject]] = {}
    others: list[str] = []
    for path in sorted(folder.glob("*.json")):
        if path.stem not in names:
            others.append(path.stem)
            continue
        given[path.stem] = cast("list[JsonObject]", files.read_json(path))
    if not given:
        raise BadInput(
            f"{folder} contains no table of the configuration, such as Settings.json or"
            " ClassClassifier.json."
        )
    return given, tuple(others)


def _rows_text(rows: list[JsonObject]) -> str:
    """A JSON list with a row in each line, so that two exports can be compared."""
    lines = map(json_text, rows)
    return "[\n" + ",\n".join(lines) + "\n]\n" if rows else "[]\n"
