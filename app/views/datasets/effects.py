"""What a tool would do, dataset by dataset, as lines of a table."""

from collections.abc import Iterable

from app.domain.certification.dataset_tools import Effect
from app.views.widgets.tables.lines_model import Line

TITLES = ("Run", "Dataset", "What happens")


def effect_lines(effects: Iterable[Effect]) -> list[Line[Effect]]:
    """Problems first, then datasets that change, then those that stay as they are."""
    return [
        Line(
            effect.key,
            effect,
            (str(effect.run_number), effect.name, effect.problem or effect.text),
            token="danger" if effect.problem else "" if effect.changes else "muted",
        )
        for effect in sorted(effects, key=lambda effect: (not effect.problem, not effect.changes))
    ]
