"""Runs, datasets, lumisections and golden lists of the CMS Run Registry, for Python.

import run_registry

with run_registry.connect("postgresql://reader@server/run_registry") as registry:
    golden = registry.golden(rule, "/PromptReco/Collisions2025%")
    good = golden.mask(events.run, events.luminosityBlock)
"""

from run_registry.agents import Agent, Proposal, Submitted, Value
from run_registry.errors import NotConnected, RunRegistryError, UnknownVariableWarning
from run_registry.lumi_list import LumiList, Luminosity
from run_registry.lumisections import LumisectionRange, Lumisections, Statuses
from run_registry.records import Record, Records
from run_registry.registry import Registry, connect

__all__ = [
    "Agent",
    "LumiList",
    "Luminosity",
    "LumisectionRange",
    "Lumisections",
    "NotConnected",
    "Proposal",
    "Record",
    "Records",
    "Registry",
    "RunRegistryError",
    "Statuses",
    "Submitted",
    "UnknownVariableWarning",
    "Value",
    "connect",
]
