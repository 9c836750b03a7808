"""Runs, datasets, lumisections and golden lists of the CMS Run Registry, for Python.

import run_registry

with run_registry.connect("postgresql://reader@server/run_registry") as registry:
    golden = registry.golden(rule, "/PromptReco/Collisions2025%")
    good = golden.mask(events.run, events.luminosityBlock)
"""

from run_registry.errors import NotConnected, RunRegistryError, UnknownVariableWarning
from run_registry.lumi_list import LumiList, Luminosity
from run_registry.lumisections import LumisectionRange, Lumisections, Statuses
from run_registry.records import Record, Records
from run_registry.registry import Registry, connect

__all__ = [
    "LumiList",
    "Luminosity",
    "LumisectionRange",
    "Lumisections",
    "NotConnected",
    "Record",
    "Records",
    "Registry",
    "RunRegistryError",
    "Statuses",
    "UnknownVariableWarning",
    "connect",
]
