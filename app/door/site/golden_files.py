"""Golden JSONs as files under addresses that stay, with their digest and an exact ETag."""

import base64
import hashlib
import re
from datetime import date

from starlette.responses import Response

from app.domain.errors import NotFound
from app.door.answers import FOR_EVERYBODY
from app.door.asking import Asked
from app.door.site.golden import list_number
from app.services.golden import exports, lists
from app.services.golden.exports import Export
from app.services.golden.lists import GoldenList
from app.services.golden.official import lists as official

SIDECAR = ".sha256"

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_ASK_AGAIN = "no-cache, no-transform"
_STAYS = "max-age=86400, immutable, no-transform"
"""How long a copy may be used without asking: the list of a number never changes."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def of_era(asked: Asked) -> Response:
    """`GET /golden/official/ERA[/KIND]/WHICH.json`: `latest`, a day, or a number.

    A day gives the list that was the newest when the day ended (UTC).
    """
    era, kind = asked.part("era"), str(asked.parts.get("kind", official.GOLDEN))
    if kind not in official.KINDS:
        raise NotFound(f"There is no kind {kind[:20]} of lists: {', '.join(official.KINDS)}.")
    file, wants_digest = _file(asked)
    which = file.removesuffix(".json")
    if which == file:
        raise NotFound("The addresses of lists end with .json or .json.sha256.")
    if which == "latest" or _DAY.fullmatch(which):
        day = None if which == "latest" else _day(which)
        found = official.newest(asked.reading, era, kind, day)
        stored, lasting = lists.of_database(asked.reading, found.entry.id), _ASK_AGAIN
    else:
        stored, lasting = lists.of_database(asked.reading, list_number(which)), _STAYS
        assert stored.stored is not None
        found = official.of_entry(asked.reading, stored.stored.entry)
        if not found.entry.official or (found.era, found.kind) != (era, kind):
            raise NotFound(f"List {which} is no official list of kind {kind} of {era}.")
    return _sent(stored, Export.GOLDEN, file, lasting, wants_digest=wants_digest)


def of_list(asked: Asked) -> Response:
    """`GET /golden/N/FORM`: any form of any list, such as `golden.json`, and its provenance."""
    file, wants_digest = _file(asked)
    stored = lists.of_database(asked.reading, list_number(asked.part("id")))
    if file == "provenance.json" and not wants_digest:
        text = exports.text_of(None, Export.GOLDEN, stored)
        name = f"{exports.stem_of(stored)}.json"
        written = exports.provenance_text(asked.reading, stored, name, text)
        return _tagged(written.encode(), _JSON, _ASK_AGAIN, f"{name[:-5]}.provenance.json")
    for form in Export:
        # What has luminosities of today isn't the same for ever.
        if form is not Export.CSV and file == file_name(form):
            return _sent(stored, form, file, _STAYS, wants_digest=wants_digest)
    raise NotFound(
        f"A list has no form {file[:40]}; it has"
        f" {', '.join(file_name(each) for each in Export if each is not Export.CSV)}"
        " and provenance.json."
    )


def file_name(form: Export) -> str:
    """The last part of the address of a form."""
    return f"{form.value}.{'txt' if form is Export.RUNS else 'json'}"


def _file(asked: Asked) -> tuple[str, bool]:
    """The file that an address names, and whether only its digest is wanted."""
    file = asked.part("file")
    return file.removesuffix(SIDECAR), file.endswith(SIDECAR)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotFound(f"{text} is no day.") from error


def _sent(
    stored: GoldenList, form: Export, file: str, lasting: str, *, wants_digest: bool
) -> Response:
    body = exports.text_of(None, form, stored).encode()
    if wants_digest:
        line = f"{hashlib.sha256(body).hexdigest()}  {file}\n"
        return _tagged(line.encode(), _TEXT, lasting, f"{file}{SIDECAR}")
    name = f"{exports.stem_of(stored)}{form.ending}"
    return _tagged(body, _TEXT if form is Export.RUNS else _JSON, lasting, name)


def _tagged(body: bytes, media_type: str, lasting: str, name: str) -> Response:
    """A file; the ETag is its digest, so that the same list has the same one on every door."""
    digest = hashlib.sha256(body)
    headers = {
        **FOR_EVERYBODY,
        "Access-Control-Expose-Headers": "ETag, Repr-Digest, X-Checksum-Sha256",
        "ETag": f'"{digest.hexdigest()}"',
        "Repr-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:",
        "X-Checksum-Sha256": digest.hexdigest(),
        "Cache-Control": lasting,
        "Content-Disposition": f'inline; filename="{re.sub(r"[^A-Za-z0-9_.-]", "_", name)}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, 200, headers, media_type)
