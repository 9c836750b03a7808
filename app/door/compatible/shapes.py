"""Pages, lumisections and ranges in the shapes that the web service answers."""

from collections.abc import Iterable, Iterator, Sequence

from app.domain.errors import BadInput
from app.domain.json_value import js_stringify
from app.door.answers import JsonText
from app.services.web_service.lumisections import Stretch


def page(name: str, rows: Iterable[str], *, pages: int, count: int, most_bytes: int) -> JsonText:
    """A page of a table of rows as texts. Raises BadInput when its text is longer than that."""
    texts: list[str] = []
    size = 0
    for row in rows:
        texts.append(row)
        size += len(row)
        if size > most_bytes:
            raise BadInput(
                f"A page with these rows is longer than {most_bytes >> 20} MB: ask for smaller"
                " pages with page_size."
            )
    return JsonText(f'{{"{name}":[{",".join(texts)}],"pages":{pages},"count":{count}}}')


def ranges(stretches: Sequence[Stretch]) -> JsonText:
    """One object for each stretch, with `start` and `end`."""
    writer = _Writer()
    return JsonText(
        "["
        + ",".join(
            f'{{{"".join(writer.members(each))}"start":{each.first},"end":{each.last}}}'
            for each in stretches
        )
        + "]"
    )


def each_lumisection(stretches: Sequence[Stretch]) -> JsonText:
    """One object for each lumisection from 1 on."""
    writer = _Writer()
    texts: list[str] = []
    for each in stretches:
        text = f"{{{''.join(writer.members(each))[:-1]}}}"
        texts += [text] * (each.last - each.first + 1)
    return JsonText(f"[{','.join(texts)}]")


class _Writer:
    """Writes each object once, however many stretches share it."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def members(self, stretch: Stretch) -> Iterator[str]:
        """The members of the parts, each with a comma behind it."""
        for part in stretch.parts:
            text = self._texts.get(id(part))
            if text is None:
                text = self._texts[id(part)] = f"{js_stringify(part)[1:-1]},"
            yield text
