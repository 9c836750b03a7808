"""Every address of the read API, declared once: who answers it, what it takes, what it gives."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import JsonValue

from app.door.areas import LISTS, READS, LaneName
from app.door.asking import Asked
from app.door.v1 import (
    answered,
    asked,
    configuration,
    golden,
    history,
    lumisections,
    records,
    reports,
)
from app.door.v1.answering import Answered
from app.door.v1.negotiation import OF_OBJECTS, OF_PAGES, OF_TABLES, Form

_PART = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Operation:
    """An address. `takes` has the parts of the path, too; a `body` makes it a POST."""

    path: str
    name: str
    subject: str
    says: str
    answerer: Callable[[Asked, Any], Answered]
    gives: type[object]
    takes: type[asked.Taken] = asked.Nothing
    body: bool = False
    forms: tuple[Form, ...] = OF_OBJECTS
    lane: LaneName = READS

    @property
    def method(self) -> str:
        """GET, or POST where a rule or a list is too long for an address."""
        return "POST" if self.body else "GET"

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the path."""
        return tuple(_PART.findall(self.path))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the path looks like with its parts filled in."""
        return re.compile(_PART.sub("[^/]+", self.path))


OPERATIONS = (
    Operation(
        "/v1/runs",
        "listRuns",
        "Runs and datasets",
        "Runs, the newest first, a page at a time.",
        records.runs,
        answered.RecordsAnswer,
        asked.OfRecords,
        forms=OF_TABLES,
    ),
    Operation(
        "/v1/runs/{run_number}",
        "getRun",
        "Runs and datasets",
        "One run, and the names of its datasets.",
        records.run,
        answered.RunAnswer,
        asked.OfRun,
    ),
    Operation(
        "/v1/datasets",
        "listDatasets",
        "Runs and datasets",
        "Datasets but `online`, with the attributes of their run, a page at a time.",
        records.datasets,
        answered.RecordsAnswer,
        asked.OfRecords,
        forms=OF_TABLES,
    ),
    Operation(
        "/v1/history",
        "getHistory",
        "Runs and datasets",
        "What changed a dataset: author, time, comment, and every value before and after.",
        history.of_dataset,
        answered.HistoryAnswer,
        asked.OfHistory,
    ),
    Operation(
        "/v1/lumisections",
        "getLumisections",
        "Lumisections",
        "Statuses, DCS bits and luminosity of one dataset. JSON has stretches; the tables have a"
        " row for each lumisection.",
        lumisections.of_dataset,
        answered.LumisectionsAnswer,
        asked.OfDataset,
        forms=OF_TABLES,
    ),
    Operation(
        "/v1/season",
        "getSeason",
        "Lumisections",
        "The same of all datasets whose names match, of one moment.",
        lumisections.of_season,
        answered.LumisectionsAnswer,
        asked.OfSeason,
        forms=OF_TABLES,
        lane=LISTS,
    ),
    Operation(
        "/v1/golden",
        "listGoldenLists",
        "Golden lists",
        "Stored golden lists, the newest first, a page at a time.",
        golden.stored,
        answered.ListsAnswer,
        asked.OfLists,
    ),
    Operation(
        "/v1/golden/{number}",
        "getGoldenList",
        "Golden lists",
        "One stored list with its rule and its luminosities.",
        golden.one,
        answered.ListAnswer,
        asked.OfList,
    ),
    Operation(
        "/v1/golden/{number}/file",
        "getGoldenFile",
        "Golden lists",
        "The golden JSON itself.",
        golden.file,
        dict[str, JsonValue],
        asked.OfForm,
    ),
    Operation(
        "/v1/golden/select",
        "selectLumisections",
        "Golden lists",
        "What a rule selects of the datasets whose names match. Nothing is stored.",
        golden.select,
        answered.SelectedAnswer,
        asked.RuleBody,
        body=True,
        lane=LISTS,
    ),
    Operation(
        "/v1/luminosity",
        "getLuminosity",
        "Golden lists",
        "Luminosity of any list, from what OMS says of its runs now.",
        golden.luminosity,
        answered.LuminosityAnswer,
        asked.ListBody,
        body=True,
        lane=LISTS,
    ),
    Operation(
        "/v1/reports/shift",
        "getShiftReport",
        "Reports",
        "Runs taken in a shift, flags, sign-offs, what is open, and notes: one page that needs no"
        " other.",
        reports.of_shift,
        str,
        asked.OfShift,
        forms=OF_PAGES,
        lane=LISTS,
    ),
    Operation(
        "/v1/reports/call",
        "getCallReport",
        "Reports",
        "For the certification call: cycle by cycle what is golden, what was lost, what changed"
        " since the last call, and what is left.",
        reports.of_call,
        str,
        asked.OfCall,
        forms=OF_PAGES,
        lane=LISTS,
    ),
    Operation(
        "/v1/reports/era",
        "getEraReport",
        "Reports",
        "Luminosity accumulated over time, and efficiencies by era and sub-detector.",
        reports.of_era,
        str,
        asked.OfEra,
        forms=OF_PAGES,
        lane=LISTS,
    ),
    Operation(
        "/v1/configuration",
        "getConfiguration",
        "Configuration",
        "Classifiers, accepted datasets, rules and permissions in force, and the columns of each"
        " workspace.",
        configuration.in_force_at,
        answered.ConfigurationAnswer,
        asked.OfMoment,
    ),
)
