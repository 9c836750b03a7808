"""Settings, each declared once; command line goes before environment, file and default."""

from app.settings.all_settings import EXPERTS, PROGRAM, Settings, place, window_channel
from app.settings.declared import Hidden
from app.settings.secret_places import SECRETS, credential, variable
from app.settings.values import Kind

__all__ = [
    "EXPERTS",
    "PROGRAM",
    "SECRETS",
    "Hidden",
    "Kind",
    "Settings",
    "credential",
    "place",
    "variable",
    "window_channel",
]
