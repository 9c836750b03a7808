"""Golden JSONs as files, and rules from files."""

from dataclasses import fields
from enum import StrEnum
from pathlib import Path

from app import files
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
    written = {form: folder / f"{stem}{form.ending}.json" for form in Form}
    for form, file in written.items():
        files.write(file, text_of(texts, form))
    return written
