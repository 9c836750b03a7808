"""The window's backend: the services of this process, the puller and the news of the database."""

from app.window.agents import AgentsBackend
from app.window.bulk import BulkBackend
from app.window.configuration import ConfigurationBackend
from app.window.datasets import DatasetsBackend
from app.window.dqm_gui import DqmGuiBackend
from app.window.editing import EditingBackend
from app.window.history import HistoryBackend
from app.window.log import LogBackend
from app.window.lumisections import LumisectionsBackend


class ServiceBackend(
    LumisectionsBackend,
    HistoryBackend,
    EditingBackend,
    BulkBackend,
    DatasetsBackend,
    LogBackend,
    AgentsBackend,
    ConfigurationBackend,
    DqmGuiBackend,
):
    """What the window asks for, answered by the services; `Backend` in structure."""
