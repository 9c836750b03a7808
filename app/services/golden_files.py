"""Golden JSONs as files: each written whole or not at all."""

import os
import tempfile
from dataclasses import fields
from enum import StrEnum
from pathlib import Path

from app.domain.errors import BadInput, Refused
from app.domain.foreign_json import NotJson, read_file
from app.domain.json_value import JsonValue
from app.models.engine import Database
from app.services import golden
from app.services.golden import Texts


class Form(StrEnum):
    """The forms in which a golden JSON is saved."""

    GOLDEN = "golden"
    WITH_DATASET_NAMES = "with-dataset-names"
    ANTI = "anti"
    ANTI_WITH_DATASET_NAMES = "anti-with-dataset-names"

    @property
    def ending(self) -> str:
        """What the name of its file ends with; the golden form is the plain name."""
        return "" if self is Form.GOLDEN else f"_{self.value.replace('-', '_')}"


assert [form.name.lower() for form in Form] == [field.name for field in fields(Texts)]


def text_of(texts: Texts, form: Form) -> str:
    """The text of one form."""
    text: str = getattr(texts, form.name.lower())
    return text


def save(texts: Texts, folder: Path, stem: str) -> dict[Form, Path]:
    """Writes every form into the folder, e.g. `stem.json` and `stem_anti.json`."""
    make_folder(folder)
    files = {form: folder / f"{stem}{form.ending}.json" for form in Form}
    for form, file in files.items():
        write(file, text_of(texts, form))
    return files


def make_folder(folder: Path) -> None:
    """Makes a folder where there is none; refused when it can't be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"The folder {folder} can't be made: {error.strerror}.") from error
    if not os.access(folder, os.W_OK):
        raise Refused(f"You may not write in the folder {folder}.")


def check_writable(file: Path) -> None:
    """Refuses a file that can't be written, before anything is computed for it."""
    folder = file.parent
    if not folder.is_dir():
        raise Refused(f"{file} can't be written: there is no folder {folder}.")
    if file.is_dir():
        raise Refused(f"{file} can't be written: it is a folder.")
    if not os.access(folder, os.W_OK):
        raise Refused(f"{file} can't be written: you may not write in {folder}.")


def write(file: Path, content: str | bytes) -> None:
    """Writes a file whole or not at all, a text in UTF-8; Refused says why it can't be written."""
    written_whole = content.encode() if isinstance(content, str) else content
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "wb") as written:
                written.write(written_whole)
            os.chmod(name, 0o644)
            os.replace(name, file)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise Refused(f"{file} can't be written: {error.strerror}.") from error


def read_rule(file: Path) -> JsonValue:
    """The rule that a JSON file holds; BadInput says why it can't be read."""
    try:
        return read_file(file)
    except OSError as error:
        raise BadInput(f"The rule {file} can't be read: {error.strerror}.") from error
    except NotJson as error:
        raise BadInput(f"The rule {file} {error}.") from error


def rule_of(db: Database, named: str) -> JsonValue:
    """A rule from a file, or saved or shipped under a name."""
    file = Path(named)
    if file.is_file():
        return read_rule(file)
    if file.suffix == ".json" or len(file.parts) > 1:
        raise BadInput(f"The rule {file} can't be read: there is no such file.")
    return golden.rule_named(db, named)
