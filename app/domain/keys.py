"""How runs and datasets are named everywhere."""

from typing import TypeAlias

RunNumber: TypeAlias = int
"""The number CMS gave the run, from 1 to 2^31 - 1."""

DatasetKey: TypeAlias = tuple[RunNumber, str]
"""A dataset: its run, and its name such as `online` or `/PromptReco/Collisions2022A/DQM`."""

RowKey: TypeAlias = tuple[RunNumber, str]
"""A dataset, or with an empty name the run itself."""

ONLINE = "online"
"""The dataset of data taking, which every run has; all others are reconstructions of it."""


def where(run_number: int, name: str) -> str:
    """A dataset as people call it."""
    return f"run {run_number}" if name == ONLINE else f"{name} of run {run_number}"
