"""Making the chosen lists official: at once, or by a puller that makes them again first."""

from collections.abc import Sequence

from app.domain.configuration.permissions import EXPERTS
from app.domain.counting import counted
from app.services.golden.official import making as making_official
from app.services.golden.official.making import MadeOfficial
from app.views.actions import ActionRow
from app.views.golden.chosen_lists import OnChosenLists
from app.views.notices import ask

NAME = "golden.official"


class MakingOfficial(OnChosenLists):
    """Makes the chosen lists official, or has a puller do it."""

    def row(self) -> ActionRow:
        """The action."""
        return ActionRow(
            NAME,
            "Make official...",
            self.make_official,
            tip="Make the selected golden JSONs again from the events, and official if they are"
            " the same",
            why_not=self.why_not,
            who=f"a member of {EXPERTS}",
            commands=("golden official",),
            parameters=("id",),
        )

    def make_official(self) -> None:
        """Makes the chosen lists official, after a question."""
        ids = tuple(self._chosen())
        if not ids:
            return
        which = f"golden JSON {ids[0]}" if len(ids) == 1 else counted(len(ids), "golden JSON")
        is_, it = ("is", "it") if len(ids) == 1 else ("are", "they")
        ask(
            self._window,
            "Make official",
            f"Make {which} official? First {it} {is_} made again from the events: {it} must come"
            " out the same.",
            "Make official",
            lambda: self._begin(ids),
        )

    def _begin(self, ids: Sequence[int]) -> None:
        self._context.background.run(self._make(ids), self)

    async def _make(self, ids: Sequence[int]) -> None:
        acting, notices = self._context.acting, self._context.notices
        if acting.db.guard is None:
            notices.tell(f"Making {counted(len(ids), 'golden JSON')} again from the events ...")
        book = self._context.notifications

        def make() -> MadeOfficial:
            made = making_official.make_official(acting, ids)
            book.made_official(made.ids)
            return made

        made = await self._context.background.act(make)
        notices.tell(made.text)
        self.done.emit()
