"""The forms of a golden JSON: what they are called, and how they are read on screen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from app.services.golden.exports import Export
from app.services.golden.files import Form

FORMS: Mapping[Form, str] = {
    Form.GOLDEN: "JSON",
    Form.WITH_DATASET_NAMES: "With names",
    Form.ANTI: "Anti-JSON",
    Form.ANTI_WITH_DATASET_NAMES: "Anti with names",
}
"""What the tab of each form is called."""

EXPORTS: Mapping[Export, tuple[str, str]] = {
    Export.GOLDEN: ("JSON", "run and lumisection ranges, what every analysis reads"),
    Export.WITH_DATASET_NAMES: ("JSON with dataset names", "the same by run and dataset"),
    Export.ANTI: ("Anti-JSON", "the lumisections that take part and are not good"),
    Export.ANTI_WITH_DATASET_NAMES: ("Anti-JSON with dataset names", "by run and dataset"),
    Export.BRILCALC: ("JSON for brilcalc", "one run per line, for brilcalc lumi -i"),
    Export.RUNS: ("Run list", "one run number per line"),
    Export.CSV: ("CSV per run", "lumisections and luminosity of each run"),
}
"""What each form is called, and what it holds."""


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

    def find(self, text: str) -> tuple[int, ...]:
        """Places of the keys that begin with a number or contain a text."""
        folded = text.strip().casefold()
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


def title_of(form: Form) -> str:
    """What a form is called."""
    return EXPORTS[Export(form.value)][0]
