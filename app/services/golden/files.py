"""Golden JSONs as files, and rules from files."""

from dataclasses import fields
from enum import StrEnum
from pathlib import Path

from app import files
from app.domain.errors import BadInput
from app.domain.foreign_json import NotJson, read_file
from app.domain.json_value import JsonValue
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.golden.generation import Texts


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
    files.make_folder(folder)
    named = {form: folder / f"{stem}{form.ending}.json" for form in Form}
    for form, file in named.items():
        files.write(file, text_of(texts, form))
    return named


def read_rule(file: Path) -> JsonValue:
    """The rule that a JSON file holds; BadInput says why it can't be read."""
    try:
        return read_file(file)
    except OSError as error:
        raise BadInput(f"The rule {file} can't be read: {error.strerror}.") from error
    except NotJson as error:
        raise BadInput(f"The rule {file} {error}.") from error


def rule_of(acting: Acting, named: str) -> JsonValue:
    """A rule from a file, or saved or shipped under a name."""
    file = Path(named)
    if files.is_file(file):
        return read_rule(file)
    if file.suffix == ".json" or len(file.parts) > 1:
        raise BadInput(f"The rule {file} can't be read: there is no such file.")
    return golden.rule_named(acting, named)
