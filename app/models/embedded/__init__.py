"""Our own PostgreSQL in a data folder."""

from app.models.embedded.cluster import DEMONSTRATION_MARK
from app.models.embedded.programs import newer_installation
from app.models.embedded.server import EmbeddedServer
from app.models.embedded.upgrade import Upgraded

__all__ = ["DEMONSTRATION_MARK", "EmbeddedServer", "Upgraded", "newer_installation"]
