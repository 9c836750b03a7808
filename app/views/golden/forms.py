"""The forms of a golden JSON: how they are called, read on screen, and named as files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.services.golden.exports import Export
from app.views.backend.golden import GoldenResult

Part = Literal["generated", "with_dataset_names", "anti", "anti_with_dataset_names"]


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its field of the result, its name, also a short one, and how it is exported."""

    part: Part
    title: str
    short: str
    export: Export

    def text_of(self, result: GoldenResult) -> str:
        """The text as it is saved, byte for byte."""
        text: str = getattr(result, self.part)
        return text


FORMS = (
    Form("generated", "JSON", "JSON", Export.GOLDEN),
    Form("with_dataset_names", "JSON with dataset names", "With names", Export.WITH_DATASET_NAMES),
    Form("anti", "Anti-JSON", "Anti-JSON", Export.ANTI),
    Form(
        "anti_with_dataset_names",
        "Anti-JSON with dataset names",
        "Anti with names",
        Export.ANTI_WITH_DATASET_NAMES,
    ),
)

EXPORTS: Mapping[Export, tuple[str, str]] = {
    Export.GOLDEN: ("JSON", "run and lumisection ranges, what every analysis reads"),
    Export.WITH_DATASET_NAMES: ("JSON with dataset names", "the same by run and dataset"),
    Export.ANTI: ("Anti-JSON", "the lumisections that take part and aren't good"),
    Export.ANTI_WITH_DATASET_NAMES: ("Anti-JSON with dataset names", "by run and dataset"),
    Export.BRILCALC: ("JSON for brilcalc", "one run per line, for brilcalc lumi -i"),
    Export.RUNS: ("Run list", "one run number per line"),
    Export.CSV: ("CSV per run", "lumisections and luminosity of each run"),
}
"""How each form is called, and what it is."""


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


def file_name(stem: str, form: Form) -> str:
    """A name for the file, such as `Cert_Collisions2025_390001_390120_Golden_anti.json`."""
    return f"{stem}{form.export.ending}"
