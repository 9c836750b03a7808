"""Lists in the forms that other programs read, with their provenance."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from pathlib import Path

from app import files
from app.domain.errors import Refused
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.lumisections import format_ranges
from app.domain.progress import SILENT, Progress
from app.domain.text import csv_text as csv_lines
from app.golden.document import Document, to_text
from app.golden.list_luminosity import luminosity_by_run
from app.models.golden import provenance as golden_provenance
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.golden import files as golden_files
from app.services.golden import generation as golden
from app.services.golden import lists as golden_lists
from app.services.golden.files import Form
from app.services.golden.lists import GoldenList
from app.services.golden.official import publications
from app.services.golden.official.lists import PERIOD
from app.services.seal.wanted import seal_of_list

NAMES_OF_KINDS = {"golden": "Golden", "muon": "Muon", "dcs-only": "DCSOnly"}
"""A kind of lists as names of files have it."""


class Export(StrEnum):
    """The forms a list can be exported in."""

    GOLDEN = "golden"
    WITH_DATASET_NAMES = "with-dataset-names"
    ANTI = "anti"
    ANTI_WITH_DATASET_NAMES = "anti-with-dataset-names"
    BRILCALC = "brilcalc"
    RUNS = "runs"
    CSV = "csv"

    @property
    def ending(self) -> str:
        """What the name of its file ends with."""
        if self is Export.RUNS:
            return "_runs.txt"
        if self is Export.CSV:
            return ".csv"
        if self is Export.BRILCALC:
            return "_brilcalc.json"
        return f"{Form(self.value).ending}.json"


def text_of(acting: Acting | None, export: Export, list_: GoldenList) -> str:
    """The list in a form: the same list is always the same bytes.

    CSV has luminosities only with `acting`. Only a stored list has dataset names and an anti-list;
    those of a file are refused.
    """
    match export:
        case Export.GOLDEN:
            return to_text(list_.document)
        case Export.BRILCALC:
            return brilcalc_text(list_.document)
        case Export.RUNS:
            return "".join(f"{run_number}\n" for run_number in list_.document)
        case Export.CSV:
            return csv_text(acting, list_.document)
    if list_.stored is None:
        raise Refused(f"{list_.name} is a file; only a stored list has the form {export}.")
    return golden_files.text_of(golden.texts(list_.stored), Form(export.value))


def brilcalc_text(document: Document) -> str:
    """The list for `brilcalc lumi -i FILE`: the plain list, one run per line and nothing else."""
    lines = [
        f'"{run_number}": {json.dumps([list(each) for each in ranges])}'
        for run_number, ranges in document.items()
    ]
    return "{" + ",\n ".join(lines) + "}\n"


def csv_text(acting: Acting | None, document: Document) -> str:
    """One line per run; luminosities [pb^-1] of the `online` datasets, blank where unknown."""
    known = {} if acting is None else golden_lists.luminosity_of_runs(acting, document)
    rows: list[tuple[object, ...]] = [
        (
            "run_number",
            "lumisections",
            "ranges",
            "recorded_pb",
            "delivered_pb",
            "lumisections_without_luminosity",
        )
    ]
    for run_number, sum_ in luminosity_by_run(document, known).items():
        rows.append(
            (
                run_number,
                sum_.lumisections,
                format_ranges(document[run_number]),
                sum_.recorded if sum_.known else "",
                sum_.delivered if sum_.known else "",
                sum_.missing,
            )
        )
    return csv_lines.csv_text(rows)


def stem_of(list_: GoldenList) -> str:
    """The usual file name of the list, such as `Cert_Collisions2022_355100_362760_Golden`."""
    if list_.stored is None:
        return Path(list_.name).stem
    entry = list_.stored.entry
    period = PERIOD.search(entry.dataset_name_filter)
    rule = js_stringify(list_.stored.json_logic)
    kind = next(
        (
            name
            for shipped, name in NAMES_OF_KINDS.items()
            if rule == js_stringify(configuration.shipped_rule(shipped))
        ),
        f"JSON{entry.id}",
    )
    parts = ("Cert", period and period[0], entry.min_run_number, entry.max_run_number, kind)
    return "_".join(str(part) for part in parts if part)


def provenance_of(acting: Acting, list_: GoldenList) -> JsonObject:
    """Where a stored list comes from: enough to reproduce it and to prove that it is the same."""
    stored = list_.stored
    if stored is None:
        raise Refused(f"{list_.name} is a file; only stored lists have a provenance.")
    entry = stored.entry
    kept = None
    if acting.db.record:
        with acting.db.read() as connection:
            kept = golden_provenance.provenance_of(connection, entry.id)
    datasets: JsonValue = None
    if kept is not None:
        datasets = [
            {
                "run_number": dataset.run_number,
                "name": dataset.name,
                "newest_event": dataset.version,
                "newest_event_of_run": dataset.run_version,
                "rr_events": dataset.counts.rr,
                "oms_events": dataset.counts.oms,
                "oms_events_of_online": dataset.counts.online_oms,
            }
            for dataset in kept.datasets.values()
        ]
    return {
        "golden_json": entry.id,
        "made_by": entry.created_by,
        "made_at": entry.created_at.astimezone(UTC).isoformat(),
        "official": entry.official,
        "tags": entry.tags,
        "dataset_name_filter": entry.dataset_name_filter,
        "json_logic": stored.json_logic,
        "run_registry_version": entry.version,
        "program_version": None if kept is None else kept.program_version,
        "runs": entry.runs,
        "lumisections": entry.lumisections,
        "luminosity_pb": dict(stored.luminosity),
        "sha256": {
            export.value: hashlib.sha256(text_of(None, export, list_).encode()).hexdigest()
            for export in Export
            if export is not Export.CSV
        },
        "sha256_when_made": None if kept is None else kept.sha256,
        "datasets": datasets,
        "published": _published(acting, entry.id),
        "seal": seal_of_list(acting, entry.id),
    }


def _published(acting: Acting, id_: int) -> JsonValue:
    """As what a list was published; what took its place afterwards is said elsewhere."""
    made = publications.of_list(acting, id_)
    return None if made is None else publications.document_of(made)


@dataclass(frozen=True)
class Planned:
    """A file that would be written."""

    list_: GoldenList
    export: Export
    file: Path


def plan(
    acting: Acting, ids: Sequence[int], exports: Sequence[Export], folder: Path
) -> tuple[Planned, ...]:
    """The files of stored lists in a folder, with the list's number where names would be equal.

    Refused when a file can't be written there.
    """
    if not files.is_folder(folder):
        raise Refused(f"There is no folder {folder}.")
    lists = [golden_lists.of_database(acting, id_) for id_ in ids]
    stems = [stem_of(list_) for list_ in lists]
    twice = {stem for stem, count in Counter(stems).items() if count > 1}
    planned = tuple(
        Planned(
            each, export, folder / f"{stem}{f'_{each.id}' if stem in twice else ''}{export.ending}"
        )
        for each, stem in zip(lists, stems, strict=True)
        for export in exports
    )
    for one in planned:
        files.check_writable(one.file)
    return planned


def save_all(
    acting: Acting,
    planned: Sequence[Planned],
    *,
    with_provenance: bool = False,
    progress: Progress = SILENT,
) -> tuple[Path, ...]:
    """Writes the planned files. All texts are made before the first file is written, so that
    nothing is written when it is cancelled."""
    texts: dict[Path, str] = {}
    for number, one in enumerate(planned):
        progress.at(number / len(planned))
        texts |= _texts_beside(acting, one, with_provenance=with_provenance)
    progress.at(1.0)
    for file, text in texts.items():
        files.write(file, text)
    return tuple(texts)


def _texts_beside(acting: Acting, one: Planned, *, with_provenance: bool) -> dict[Path, str]:
    text = text_of(acting, one.export, one.list_)
    texts = {one.file: text}
    if with_provenance:
        beside = beside_of(one.file)
        texts[beside] = provenance_text(acting, one.list_, one.file.name, text)
    return texts


def beside_of(file: Path) -> Path:
    """The file with the provenance of another one."""
    whose = file.stem if file.suffix == ".json" else file.name
    return file.with_name(f"{whose}.provenance.json")


def provenance_text(acting: Acting, list_: GoldenList, name: str, text: str) -> str:
    """The provenance of a list for the file of that name and text."""
    provenance = {
        "file": name,
        "file_sha256": hashlib.sha256(text.encode()).hexdigest(),
        **provenance_of(acting, list_),
    }
    return json.dumps(provenance, ensure_ascii=False, indent=1) + "\n"


def save(
    acting: Acting | None,
    list_: GoldenList,
    export: Export,
    out: Path,
    *,
    with_provenance: bool = False,
) -> tuple[Path, ...]:
    """Writes a list, and its provenance beside it; `out` is a file, or a folder, in which the file
    gets the name of `stem_of`. Returns the files that were written."""
    file = out / f"{stem_of(list_)}{export.ending}" if files.is_folder(out) else out
    files.check_writable(file)
    text = text_of(acting, export, list_)
    beside = None
    if with_provenance and acting is not None:
        beside = beside_of(file)
        files.write(beside, provenance_text(acting, list_, file.name, text))
    files.write(file, text)
    return (file,) if beside is None else (file, beside)
