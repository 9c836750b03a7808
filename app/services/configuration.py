"""The configuration in force, its editing, and its import and export as files."""

import json
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from app import assets
from app.domain.configuration import Configuration, Kind, check_item
from app.domain.errors import BadInput, Conflict, NotFound, Refused
from app.domain.identity import Actor
from app.domain.json_value import JsonObject, JsonValue
from app.domain.permissions import (
    check_creator_or_expert,
    classifiers_path,
    datasets_accepted_path,
    permissions_path,
)
from app.models import configuration as model
from app.models.configuration import ImportReport
from app.models.engine import Database

SHIPPED = "configuration"
SHIPPED_RULES = "rules"
"""Folder of the configuration that an empty database gets."""


@dataclass(frozen=True)
class FolderImported:
    """What an import of a folder did, and what is wrong with the configuration now in force."""

    report: ImportReport
    problems: tuple[str, ...]
    replaced_default: bool = False


def current(db: Database) -> Configuration:
    """The configuration in force; read anew only after it changed."""
    with db.read() as connection:
        return model.in_force(connection)


def import_folder(db: Database, actor: Actor, folder: Path) -> FolderImported:
    """Imports one JSON list per table, as `export_folder` writes them; other files are ignored.

    Takes the right to change permissions, unless nobody has any right yet. All or nothing.
    The shipped configuration gives way as long as nobody has changed anything in it.
    """
    given, others = _read_tables(folder)
    shipped, _ = _read_tables(assets.path(SHIPPED))
    with db.transaction() as connection:
        model.lock(connection)
        in_force = model.in_force(connection)
        if in_force.permissions.rows:
            in_force.permissions.check(actor, permissions_path())
        replaces = given != shipped and model.holds_only(connection, shipped)
        if replaces:
            model.clear(connection)
        report = model.import_tables(connection, given)
    return FolderImported(replace(report, ignored=others), current(db).problems, replaces)


def export_folder(db: Database, folder: Path) -> dict[str, int]:
    """Writes one JSON list per table of the configuration; returns the rows of each."""
    with db.read() as connection:
        exported = model.export_tables(connection)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"The folder {folder} can't be made: {error.strerror}.") from error
    for name, rows in exported.items():
        _write_whole(folder / f"{name}.json", _rows_text(rows))
    return {name: len(rows) for name, rows in exported.items()}


def install_default(db: Database) -> bool:
    """Gives a database in which nobody configured anything the shipped one; says if it did."""
    given, _ = _read_tables(assets.path(SHIPPED))
    with db.transaction() as connection:
        model.lock(connection)
        if not model.is_untouched(connection):
            return False
        model.import_tables(connection, given)
    return True


def shipped_rule(name: str) -> JsonValue:
    """A rule that comes with the program: `golden`, `muon` or `dcs-only`."""
    if name not in (known := shipped_rule_names()):
        raise NotFound(f'There is no rule "{name}"; shipped are {", ".join(known)}.')
    text = (assets.path(SHIPPED_RULES) / f"{name}.json").read_text(encoding="utf-8")
    rule: JsonValue = json.loads(text)
    return rule


def shipped_rule_names() -> tuple[str, ...]:
    """Names of the rules that come with the program."""
    return tuple(sorted(path.stem for path in assets.path(SHIPPED_RULES).glob("*.json")))


def add_item(db: Database, actor: Actor, kind: Kind, values: JsonObject) -> int:
    """Adds a classifier, JSON configuration, accepted dataset or permission; returns its id.

    `values` as `check_item` wants them: a classifier's rule may be the bare condition.
    """
    with db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        configuration.permissions.check(actor, path_of(kind))
        checked = check_item(configuration, kind, values)
        if kind is Kind.JSON_RULE:
            _refuse_taken_name(configuration, checked)
        return model.add_item(connection, kind, checked, actor.email)


def edit_item(db: Database, actor: Actor, kind: Kind, item_id: int, changes: JsonObject) -> int:
    """Changes some values of an item; returns the id of the item that takes its place.

    Raises Conflict when somebody else changed it meanwhile.
    """
    with db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        old = model.item_in_force(connection, kind, item_id)
        _check_may_change(configuration, actor, kind, old)
        values = {name: old[name] for name in old if name not in {"created_by", "updated_by"}}
        checked = check_item(configuration, kind, {**values, **changes})
        if kind is Kind.JSON_RULE and checked["name"] != old["name"]:
            _refuse_taken_name(configuration, checked)
        return model.edit_item(connection, kind, item_id, checked, actor.email)


def delete_item(db: Database, actor: Actor, kind: Kind, item_id: int) -> None:
    """Takes an item out of force; the versions that had it keep it."""
    with db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        old = model.item_in_force(connection, kind, item_id)
        _check_may_change(configuration, actor, kind, old)
        model.delete_item(connection, kind, item_id, actor.email)


def save_json_rule(
    db: Database, actor: Actor, name: str, rule: JsonValue, *, item_id: int | None = None
) -> int:
    """Saves a JSON configuration, in the place of `item_id` if given; returns its new id.

    Only its creator or an expert changes one. Raises Conflict when another has the name.
    """
    values: JsonObject = {"name": name.strip(), "classifier": rule}
    if item_id is None:
        return add_item(db, actor, Kind.JSON_RULE, values)
    return edit_item(db, actor, Kind.JSON_RULE, item_id, values)


def path_of(kind: Kind) -> str:
    """Path of the action that changes items of a kind."""
    if kind is Kind.DATASETS_ACCEPTED:
        return datasets_accepted_path()
    if kind is Kind.PERMISSION:
        return permissions_path()
    return classifiers_path(kind.value)


def _check_may_change(
    configuration: Configuration, actor: Actor, kind: Kind, old: JsonObject
) -> None:
    if kind is Kind.JSON_RULE:
        creator = old["created_by"]
        check_creator_or_expert(
            actor,
            creator if isinstance(creator, str) else None,
            f'the JSON configuration "{old["name"]}"',
        )
    else:
        configuration.permissions.check(actor, path_of(kind))


def _refuse_taken_name(configuration: Configuration, values: JsonObject) -> None:
    if any(each.name == values["name"] for each in configuration.json_rules):
        raise Conflict(
            f'There is a JSON configuration "{values["name"]}" already. Choose another name, or'
            " change that one."
        )


def _read_tables(folder: Path) -> tuple[dict[str, list[JsonObject]], tuple[str, ...]]:
    """Rows by table, and the names of the other JSON files. Raises NotFound or BadInput."""
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}.")
    names = {table.name for table in model.CONFIGURATION_TABLES}
    given: dict[str, list[JsonObject]] = {}
    others: list[str] = []
    for path in sorted(folder.glob("*.json")):
        if path.stem not in names:
            others.append(path.stem)
            continue
        try:
            given[path.stem] = json.loads(
                path.read_text("utf-8-sig"), parse_constant=_refuse_constant
            )
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{path} can't be read as JSON: {error}.") from error
        except OSError as error:
            raise BadInput(f"{path} can't be read: {error.strerror}.") from error
    if not given:
        raise BadInput(
            f"{folder} holds no table of the configuration, such as Settings.json or"
            " ClassClassifier.json."
        )
    return given, tuple(others)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _rows_text(rows: list[JsonObject]) -> str:
    """A JSON list with a row in each line, so that two exports can be compared."""
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]\n" if rows else "[]\n"


def _write_whole(path: Path, text: str) -> None:
    """Writes the file at once or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    written = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        written.chmod(0o644)
        written.replace(path)
    except OSError as error:
        written.unlink(missing_ok=True)
        raise Refused(f"{path} can't be written: {error.strerror}.") from error
