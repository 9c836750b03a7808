"""What the expressions of an accepted dataset match in the DQM GUI."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.errors import Refused
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.sources.dqm_gui import ExpressionMatches, expression_matches
from app.services.pulling.pullers import latest_listing
from app.views.background import Work
from app.views.looks import words
from app.views.looks.theme import STEP, set_property
from app.views.places import PlaceContext
from app.views.widgets.plain import Label
from app.views.widgets.tables.details_table import DetailsTable
from app.views.widgets.tables.lines_model import Line, LinesModel

TITLES = ("Expression", "Datasets", "Runs", "Examples")
_WIDTHS = (260, 72, 64)
_RUNS_NAMED = 12


class MatchesView(QWidget):
    """A line per expression, and a summary above."""

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = context.background
        self._pullers = context.workplace.pullers
        self._reading = Work(context.background, self)
        self.summary = Label(wordWrap=True)
        self.model: LinesModel[ExpressionMatches] = LinesModel(
            TITLES, context.themes, self, right=(1, 2)
        )
        self.table = DetailsTable("Matches in the DQM GUI")
        self.table.setModel(self.model)
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.summary)
        layout.addWidget(self.table, 1)

    def show_expressions(self, regexp: str, run_from: int | None, run_to: int | None) -> None:
        """Shows the matches of expressions, one per line, in a range of runs."""
        if regexp.strip():
            self.say("Reading the datasets of the DQM GUI ...", "muted")
            self._reading.start(self._read(regexp, run_from, run_to))
        else:
            self._reading.drop()
            self.model.show_lines(())
            self.say("The matches of each expression in the DQM GUI are shown here.", "muted")

    def say(self, text: str, role: str) -> None:
        """Shows a summary or a problem."""
        self.summary.setText(text)
        set_property(self.summary, "role", role)

    async def _read(self, regexp: str, run_from: int | None, run_to: int | None) -> None:
        pullers = self._pullers
        try:
            matches = await self._background.read(
                lambda: expression_matches(regexp, latest_listing(pullers), run_from, run_to)
            )
        except Refused as error:
            self.model.show_lines(())
            self.say(str(error), "warning")
        else:
            self._show(matches)

    def _show(self, matches: Sequence[ExpressionMatches]) -> None:
        self.model.show_lines([_line(number, match) for number, match in enumerate(matches)])
        faulty = sum(bool(match.problem) for match in matches)
        runs = {run for match in matches for run in match.runs}
        if faulty:
            self.say(f"{words.counted(faulty, 'expression')} can't be read.", "refusal")
        elif not runs:
            self.say("No dataset of the DQM GUI matches.", "warning")
        else:
            named = format_ranges([LumiRange(run, run) for run in sorted(runs)[:_RUNS_NAMED]])
            more = " ..." if len(runs) > _RUNS_NAMED else ""
            self.say(f"Found in {words.counted(len(runs), 'run')}: {named}{more}", "muted")


def _line(number: int, match: ExpressionMatches) -> Line[ExpressionMatches]:
    if match.problem:
        return Line(number, match, (match.expression, "", "", match.problem), token="danger")
    texts = (
        match.expression,
        words.number(match.datasets),
        words.number(len(match.runs)),
        "   ".join(match.examples),
    )
    tips = (*texts[:-1], "\n".join(match.examples))
    return Line(number, match, texts, tips, "" if match.datasets else "warning")
