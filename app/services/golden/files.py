"""Golden JSONs as files."""

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


def text_of(texts: Texts, form: Form) -> str:
    """The text of one form."""
    match form:
        case Form.GOLDEN:
            return texts.golden
        case Form.WITH_DATASET_NAMES:
            return texts.with_dataset_names
        case Form.ANTI:
            return texts.anti
        case Form.ANTI_WITH_DATASET_NAMES:
            return texts.anti_with_dataset_names


def save(texts: Texts, folder: Path, stem: str) -> dict[Form, Path]:
    """Writes every form into the folder, e.g. `stem.json` and `stem_anti.json`."""
    files.make_folder(folder)
    written = {form: folder / f"{stem}{form.ending}.json" for form in Form}
    for form, file in written.items():
        files.write(file, text_of(texts, form))
    return written
