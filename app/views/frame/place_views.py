"""The places of the window, each made when it is first wanted."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module

from app.domain.errors import Refused
from app.views.frame.navigation import PLACES
from app.views.places import PlaceContext, PlaceWidget
from app.views.remembered import made_as_remembered

_BY_NAME = {place.name: place for place in PLACES}


class PlaceViews(Mapping[str, PlaceWidget]):
    """All places by name. Whoever asks for one that wasn't wanted before has it made; `made` is
    told of it then."""

    def __init__(self, context: PlaceContext, made: Callable[[str, PlaceWidget], None]) -> None:
        self._context = context
        self._tell = made
        self._made: dict[str, PlaceWidget] = {}

    def __getitem__(self, name: str) -> PlaceWidget:
        if name not in self._made:
            self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_BY_NAME)

    def __len__(self) -> int:
        return len(_BY_NAME)

    @property
    def made(self) -> Mapping[str, PlaceWidget]:
        """Those that are there."""
        return dict(self._made)

    def loads(self, name: str) -> Iterator[Callable[[], object]]:
        """What loads a place, in parts that each take a turn."""
        place = _BY_NAME[name]
        if place.before:
            yield partial(import_module, place.before)
        yield place.load

    def _make(self, name: str) -> None:
        context, make = self._context, _BY_NAME[name].load()
        view, faulty = made_as_remembered(context.remembered, lambda: make(context), name)
        if faulty:
            context.notices.refuse(Refused(faulty))
        self._made[name] = view
        self._tell(name, view)
