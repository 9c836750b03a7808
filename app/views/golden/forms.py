"""The forms of a golden JSON: how they are called, read on screen, and named as files."""

import json
import re
from dataclasses import dataclass
from typing import Literal

from app.views.backend.golden import GoldenEntry, GoldenResult

Part = Literal["generated", "with_dataset_names", "anti", "anti_with_dataset_names"]

_PLAIN = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its field of the result, its name, also a short one, and the ending of its file."""

    part: Part
    title: str
    short: str
    ending: str

    def text_of(self, result: GoldenResult) -> str:
        """The text as it is saved, byte for byte."""
        text: str = getattr(result, self.part)
        return text


FORMS = (
    Form("generated", "JSON", "JSON", "golden"),
    Form(
        "with_dataset_names", "JSON with dataset names", "With names", "golden_with_dataset_names"
    ),
    Form("anti", "Anti-JSON", "Anti-JSON", "anti"),
    Form(
        "anti_with_dataset_names",
        "Anti-JSON with dataset names",
        "Anti with names",
        "anti_with_dataset_names",
    ),
)


@dataclass(frozen=True, slots=True)
class RunLines:
    """A JSON with one run per line: `keys[n]` is the run, or `{run}-{name}`, of line n + 2."""

    text: str
    keys: tuple[str, ...]

    @property
    def runs(self) -> tuple[int, ...]:
        """First and last run; empty when there is none."""
        if not self.keys:
            return ()
        numbers = [int(key.partition("-")[0]) for key in self.keys]
        return (min(numbers), max(numbers))

    def find(self, wanted: str) -> tuple[int, ...]:
        """Places of the keys that begin with a number or contain a text."""
        folded = wanted.strip().casefold()
        if not folded:
            return ()
        if folded.isdigit():
            return tuple(n for n, key in enumerate(self.keys) if key.startswith(folded))
        return tuple(n for n, key in enumerate(self.keys) if folded in key.casefold())


def run_lines(text: str) -> RunLines:
    """The text of a golden JSON with one run per line."""
    document: dict[str, list[list[int]]] = json.loads(text)
    lines = [f"  {json.dumps(key, ensure_ascii=False)}: {document[key]}" for key in document]
    return RunLines("{\n" + ",\n".join(lines) + "\n}" if lines else "{}", tuple(document))


def file_name(entry: GoldenEntry, runs: tuple[int, ...], form: Form) -> str:
    """A name for the file, such as `Cert_Collisions2025_390001_390120_golden.json`."""
    return "_".join(("Cert", _era(entry.pattern), *map(str, runs), f"{form.ending}.json"))


def _era(pattern: str) -> str:
    """The part of a dataset name pattern that tells most: `/PromptReco/Collisions2025%/DQM`
    gives `Collisions2025`."""
    # (A|B) stands for either letter: both are kept, without what joins them.
    plain = re.sub(r"\(([^()]*)\)", lambda found: found[1].replace("|", ""), pattern)
    parts = [_PLAIN.sub("_", part).strip("_") for part in plain.split("/")]
    telling = [part for part in parts if part and part != "DQM"]
    return (telling[-1] if telling else "datasets")[:_LONGEST_NAME]
