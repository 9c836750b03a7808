"""What the window needs from outside: bootstrap hands it in, so that views know no database.

Every function may be called from any thread of the pool and may take its time; it raises `Refused`
or `Unavailable` (`app.domain.errors`) and nothing else that isn't a bug. What comes back is never
changed afterwards.
"""

from collections.abc import Callable
from typing import Protocol

from app.services.acting import Acting
from app.services.news import Change
from app.views.backend.agents import Agents
from app.views.backend.bulk import Bulk
from app.views.backend.configuration import ConfigurationParts
from app.views.backend.datasets import Datasets
from app.views.backend.dqm_gui import DqmGui
from app.views.backend.editing import Editing
from app.views.backend.history import History
from app.views.backend.log import Log
from app.views.backend.lumisections import Lumisections


class Backend(
    Lumisections,
    History,
    Editing,
    Bulk,
    Datasets,
    DqmGui,
    Log,
    Agents,
    ConfigurationParts,
    Protocol,
):
    """All that a window needs and no service gives yet."""

    acting: Acting

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_connection: Callable[[bool, str], None],
    ) -> Callable[[], None]:
        """Calls back, in any thread, when something was written, and when the connection is lost
        (false and the reason) or back (true); the function that is returned ends it."""
        ...
