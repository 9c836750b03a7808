"""What a tool would do, dataset by dataset, as lines of a table."""

from collections.abc import Iterable

from app.domain.certification.dataset_tools import Effect
from app.views.widgets.lines_model import Line

TITLES = ("Run", "Dataset", "What happens")


def effect_lines(effects: Iterable[Effect]) -> list[Line[Effect]]:
    """What can't be done first, then what changes, then what stays as it is."""
    return [
        Line(
            each.key,
            each,
            (str(each.run_number), each.name, each.problem or each.text),
            token="danger" if each.problem else "" if each.changes else "muted",
        )
        for each in sorted(effects, key=lambda each: (not each.problem, not each.changes))
    ]
