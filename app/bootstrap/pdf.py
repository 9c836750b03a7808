"""What makes a PDF where no window is open."""

from collections.abc import Callable

from app.domain.errors import Refused
from app.domain.reports.document import Report


def printer() -> Callable[[Report], bytes]:
    """What makes a PDF of a report. Refused where Qt isn't installed."""
    try:
        from app.views.reports import printing
    except ImportError as error:
        raise Refused(
            "A PDF is made by Qt, which isn't installed here or can't be loaded"
            f" ({error.name or error}). Write the report as .html, which a browser prints, or"
            " install the program with its window."
        ) from error
    return printing.without_window
