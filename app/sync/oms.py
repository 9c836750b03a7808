"""What OMS says of runs, page by page: answers that can be trusted or are refused."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field

from app.domain.errors import BadInput, NotFound
from app.domain.foreign_json import BadRecord, NotJson, Record, RecordReader
from app.domain.json_value import JsonObject, JsonValue, whole_number
from app.domain.sources.oms import OmsRun, validate_lumisections, validate_run, whole_run
from app.sync.client import httpx
from app.sync.http import shown_url
from app.sync.oms_requests import (
    HEAD_BYTES,
    LIMITS,
    MalformedAnswer,
    OmsRequests,
    excerpt,
    malformed,
)

_MOST_BROKEN = 10
_MOST_RECORDS = 1_000_000
"""Of one list, over all of its pages; OMS has some 100,000 runs."""


class BrokenPage(MalformedAnswer):
    """A page whose text can't be cut into records, but maybe a smaller one's can."""

    def __init__(self, text: str, reason: str, url: httpx.URL, body: bytes) -> None:
        super().__init__(text)
        self.reason = reason
        self.url = url
        self.body = body


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of run records; a record that can't be read is a problem, not the end."""

    runs: tuple[JsonObject, ...]
    problems: tuple[tuple[int | None, BadInput], ...] = ()


class OmsClient(OmsRequests):
    """Runs, lumisections and fills of OMS."""

    async def runs_by_last_update(self) -> AsyncGenerator[RunPage, None]:
        """Pages of run records, those changed last first, until OMS has no more."""
        pages = self._pages(
            "runs",
            {"sort": "-last_update", "page[limit]": str(self._settings.runs_per_page)},
            in_parts=True,
        )
        async for answer in pages:
            runs: list[JsonObject] = []
            problems: list[tuple[int | None, BadInput]] = []
            for record in answer.page:
                try:
                    runs.append(validate_run(self._attributes(record, "a run")))
                except BadInput as error:
                    number = _number_of(record, "run_number")
                    problems.append((number, self._placed(error, answer, record)))
            yield RunPage(tuple(runs), tuple(problems))

    async def run_attributes(self, run_number: int) -> JsonObject:
        """The record of one run. Raises `NotFound` when OMS doesn't have it."""
        pages = self._pages("runs", {"filter[run_number]": str(run_number)})
        async for answer in pages:
            for record in answer.page:
                if _number_of(record, "run_number") in {run_number, None}:
                    try:
                        return validate_run(self._attributes(record, f"run {run_number}"))
                    except BadInput as error:
                        raise self._placed(error, answer, record) from error
        raise NotFound(f"OMS doesn't know run {run_number}.")

    async def lumisections(self, run_number: int) -> tuple[JsonObject, ...]:
        """Attributes of the run's lumisections, ascending by number, holes left out."""
        limit = str(self._settings.lumisections_per_page)
        pages = self._pages(
            "lumisections", {"filter[run_number]": str(run_number), "page[limit]": limit}
        )
        found: list[JsonValue] = []
        first: _Answer | None = None
        async for answer in pages:
            first = first or answer
            for record in answer.page:
                try:
                    found.append(self._attributes(record, f"run {run_number}, a lumisection"))
                except BadInput as error:
                    raise self._placed(error, answer, record) from error
        assert first is not None
        try:
            return validate_lumisections(run_number, found)
        except BadInput as error:
            raise self._placed(error, first) from error

    async def rates(self, resource: str, run_number: int) -> tuple[JsonObject, ...]:
        """Records of a run by lumisection of `l1triggerrates` or `deadtimes`; none where OMS has
        none of the run."""
        limit = str(self._settings.lumisections_per_page)
        pages = self._pages(
            resource,
            {
                "filter[run_number]": str(run_number),
                "group[granularity]": "lumisection",
                "page[limit]": limit,
            },
        )
        found: list[JsonObject] = []
        try:
            async for answer in pages:
                for record in answer.page:
                    attributes = self._attributes(record, f"run {run_number}, {resource}")
                    if isinstance(attributes, dict):
                        found.append(attributes)
        except NotFound:
            return ()
        return tuple(found)

    async def fill(self, fill_number: int) -> JsonObject | None:
        """Attributes of a fill; None when OMS doesn't know it."""
        try:
            pages = self._pages("fills", {"filter[fill_number]": str(fill_number)})
            async for answer in pages:
                for record in answer.page:
                    try:
                        attributes = self._attributes(record, f"fill {fill_number}")
                        if not isinstance(attributes, dict):
                            raise BadInput(f"OMS gives fill {fill_number} no attributes.")
                    except BadInput as error:
                        raise self._placed(error, answer, record) from error
                    if attributes.get("fill_number", fill_number) == fill_number:
                        return attributes
        except NotFound:
            return None
        return None

    async def run(self, run_number: int) -> OmsRun:
        """All that OMS says of one run, its fill included."""
        attributes = await self.run_attributes(run_number)
        lumisections = await self.lumisections(run_number)
        fill_number = fill_number_of(attributes)
        fill = None if fill_number is None else await self.fill(fill_number)
        return whole_run(attributes, lumisections, fill)

    # Paging

    async def _pages(
        self, what: str, parameters: dict[str, str], *, in_parts: bool = False
    ) -> AsyncIterator[_Answer]:
        """Pages until there are no more; with `in_parts` those that can't be read record for
        record, where a part of them can."""
        first = self._base.copy_with(path=f"{self._base.path.rstrip('/')}/{what}")
        limit = int(parameters.get("page[limit]", 0))
        url = first.copy_merge_params(parameters)
        asked: set[httpx.URL] = set()
        seen = 0
        before: Sequence[Record] = ()
        while True:
            asked.add(url)
            try:
                answer = await self._document(url)
            except BrokenPage as error:
                if not in_parts:
                    raise
                answer = await self._in_parts(error, first, parameters, seen)
            yield answer
            seen += len(answer.page)
            if seen > _MOST_RECORDS:
                raise malformed(url, f"gives more than {_MOST_RECORDS} entries")
            # A total that is too small is none.
            total = answer.total if answer.total is not None and answer.total >= seen else None
            if seen == total:
                return
            if total is None and answer.following is None and not 0 < limit <= len(answer.page):
                return
            if not answer.page:
                if total is None:
                    return
                raise malformed(url, f"announces {total} entries and gives {seen}")
            if answer.page == before:
                raise malformed(url, "gives the same page again and again")
            before = answer.page
            following = self._following(url, answer.following)
            url = following or first.copy_merge_params({**parameters, "page[offset]": str(seen)})
            if url in asked:
                raise malformed(url, "links its pages in a circle")

    async def _in_parts(
        self, error: BrokenPage, first: httpx.URL, parameters: dict[str, str], offset: int
    ) -> _Answer:
        """A page that can't be read as a whole, put together from smaller ones: what can't be
        read of these are single records. Raises `BrokenPage` when there are too many of them."""
        broken = 0

        async def halves(error: BrokenPage, offset: int, limit: int) -> list[_Answer]:
            nonlocal broken
            if limit <= 1:
                broken += 1
                if broken > _MOST_BROKEN:
                    raise error
                bad = BadRecord(f"{error.reason} (entry {offset + 1} of the list)", error.body)
                return [_Answer(error.url, error.body[:HEAD_BYTES], [bad], None, None)]
            found: list[_Answer] = []
            half = limit // 2
            for begin, size in ((offset, half), (offset + half, limit - half)):
                part = {**parameters, "page[offset]": str(begin), "page[limit]": str(size)}
                try:
                    found.append(await self._document(first.copy_merge_params(part)))
                except BrokenPage as again:
                    found += await halves(again, begin, size)
            return found

        answers = await halves(error, offset, int(parameters["page[limit]"]))
        totals = [answer.total for answer in answers if answer.total is not None]
        if not totals:
            raise error
        page = [record for answer in answers for record in answer.page]
        return _Answer(answers[0].url, answers[0].head, page, max(totals), None)

    def _following(self, url: httpx.URL, link: str | None) -> httpx.URL | None:
        """The next page by its link, unless that leads elsewhere: our token stays with OMS."""
        if link is None:
            return None
        try:
            following = url.join(link)
        except (httpx.InvalidURL, ValueError):
            return None
        same = (following.scheme, following.host, following.port) == (
            self._base.scheme,
            self._base.host,
            self._base.port,
        )
        return following if same else None

    async def _document(self, url: httpx.URL) -> _Answer:
        body = await self._body(url)
        reader = RecordReader("data", limits=LIMITS)
        try:
            reader.feed(body)
            document, batches = reader.read()
            page = [record for batch in batches for record in batch]
        except NotJson as error:
            if body.lstrip()[:1] == b"{":
                raise BrokenPage(
                    f"OMS gives an answer that {error}, at {shown_url(url)}: {excerpt(body)}",
                    str(error),
                    url,
                    body,
                ) from error
            kind = "HTML" if body.lstrip()[:1] == b"<" else f"an answer that {error}"
            raise malformed(url, f"gives {kind}", body) from error
        data = document.get("data")
        if not isinstance(data, list):
            if not isinstance(data, dict):
                raise malformed(url, "answers without data", body)
            page = [data]
        return _Answer(
            url=url,
            head=body[:HEAD_BYTES],
            page=page,
            total=_total(document.get("meta")),
            following=_next_link(document.get("links")),
        )

    def _attributes(self, record: Record, what: str) -> JsonValue:
        """What counts of a record; `BadInput` when it can't be read."""
        if isinstance(record, BadRecord):
            raise BadInput(f"OMS gives {what} in a record that {record.reason}.")
        return record.get("attributes") if isinstance(record, dict) else None

    def _placed(self, error: BadInput, answer: _Answer, record: Record = None) -> MalformedAnswer:
        head = record.text[:HEAD_BYTES] if isinstance(record, BadRecord) else answer.head
        address = shown_url(answer.url)
        return MalformedAnswer(f"{error} At {address}: {excerpt(head)}")


@dataclass(frozen=True, slots=True)
class _Answer:
    """One page of a JSON:API collection: its entries, and how its text begins."""

    url: httpx.URL
    head: bytes = field(repr=False)
    page: Sequence[Record]
    total: int | None
    following: str | None


def fill_number_of(attributes: JsonObject) -> int | None:
    """The number of the run's fill, None when it has none."""
    return whole_number(attributes.get("fill_number")) or None


def _number_of(record: Record, name: str) -> int | None:
    """A number that says which record it is, as far as it can be read."""
    if isinstance(record, BadRecord):
        return record.number(name)
    attributes = record.get("attributes") if isinstance(record, dict) else None
    return whole_number(attributes.get(name)) if isinstance(attributes, dict) else None


def _total(meta: JsonValue) -> int | None:
    return whole_number(meta.get("totalResourceCount")) if isinstance(meta, dict) else None


def _next_link(links: JsonValue) -> str | None:
    link = links.get("next") if isinstance(links, dict) else None
    if isinstance(link, dict):
        link = link.get("href")
    return link if isinstance(link, str) and link else None
