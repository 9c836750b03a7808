"""The window."""

import PySide6.QtCore  # noqa: F401 - brings what is looked for below
from shibokensupport import feature  # type: ignore[import-not-found]  # is within Qt's own

# Qt reads the source of each module that is imported after it, to learn whether that may switch to
# other names of its methods, which nothing here does: a tenth of the start, and 15 MB kept.
if hasattr(feature, "_mod_uses_pyside"):
    feature._mod_uses_pyside = lambda _module: False
