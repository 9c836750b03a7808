"""Publishing official lists: their files, checksums, provenance and the newest of each era, to a
folder that a web server or a shared file system offers.

    FOLDER/Collisions2025/Cert_Collisions2025_390001_390200_Golden.json    for ever
    FOLDER/Collisions2025/Cert_..._Golden.sha256, ..._Golden.provenance.json
    FOLDER/Collisions2025/latest.json, latest.json.sha256     as below /golden/official at the door
    FOLDER/Collisions2025/muon/latest.json, ...
    FOLDER/Collisions2025/published.json                      all versions, and what superseded them

A file is written beside its place and renamed within its folder, which network file systems can do,
too. Whatever is interrupted is completed when it is published again; what is complete already stays
as it is, byte for byte.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app import files
from app.domain import foreign_json
from app.domain.configuration.permissions import EXPERTS
from app.domain.counting import counted
from app.domain.errors import NotFound, NotPermitted, Refused
from app.domain.foreign_json import NotJson
from app.domain.json_value import JsonValue, as_object
from app.domain.progress import SILENT, Progress
from app.models.golden import generated_json, publications
from app.models.golden.publications import Publication
from app.services.acting import Acting
from app.services.golden import exports
from app.services.golden import lists as golden_lists
from app.services.golden.exports import Export
from app.services.golden.lists import GoldenList
from app.services.golden.official import lists as official_lists
from app.services.golden.official.lists import GOLDEN, Official
from app.services.golden.official.publications import (
    Changed,
    changed_between,
    document_of,
    fate_of,
    published,
)

FORMS = (Export.GOLDEN, Export.WITH_DATASET_NAMES, Export.ANTI)
"""The forms in which a list is published; each is the same bytes for ever."""
INDEX = "published.json"
"""What tells of all published lists of an era."""
LATEST = "latest.json"
MOST_WHY = 2_000
"""Characters of a reason."""

_SIDECAR = ".sha256"
_DIGEST_LINE = re.compile(r"[0-9a-f]{64}  latest\.json\n")
_MOST_TURNS = 5
_CHECKED, _KEPT = 0.3, 0.6


@dataclass(frozen=True)
class Proposed:
    """A list as it would be published, or as it is already (`is_new` is false then)."""

    publication: Publication
    changed: Changed | None
    is_new: bool

    @property
    def needs_reason(self) -> bool:
        """Whether it takes the place of a list, which wants a reason."""
        return self.is_new and self.publication.parent is not None

    @property
    def text(self) -> str:
        """What it would be, in a sentence."""
        made = self.publication
        what = f"version {made.number} of {made.era}, {made.kind}"
        if not self.is_new:
            return f"{made.name}: published already, {what}."
        if made.parent is None:
            return f"{made.name}: {what}, the first one."
        changes = "" if self.changed is None else f" and {self.changed.text}"
        return f"{made.name}: {what}. It takes the place of golden JSON {made.parent}{changes}."


@dataclass(frozen=True)
class Published:
    """What stands in the folder now: `written` are the files that are new or other than before."""

    publications: tuple[Publication, ...]
    folder: Path
    written: tuple[Path, ...]
    unchanged: int

    @property
    def text(self) -> str:
        """What was done, in sentences."""
        names = ", ".join(made.name for made in self.publications)
        if not self.written:
            return f"{names}: all is in {self.folder} already; nothing was changed."
        return f"Published {names}: wrote {counted(len(self.written), 'file')} in {self.folder}."


def proposed(acting: Acting, ids: Sequence[int]) -> tuple[Proposed, ...]:
    """What publishing would make of lists. Refused where one can't be published."""
    described = _described(acting, ids)
    planned = _plan(published(acting), described, acting.actor.email, "")
    lists = _Lists(acting)
    return tuple(Proposed(made, lists.changed(made), is_new) for made, is_new in planned)


def refusal(acting: Acting, *, is_new: bool) -> NotPermitted | None:
    """Why the person may not publish lists, of which one is new or none; None where they may."""
    if not is_new or EXPERTS in acting.actor.egroups:
        return None
    return NotPermitted(f"Only {EXPERTS} may publish a golden JSON.", (EXPERTS,))


def publish(
    acting: Acting, ids: Sequence[int], folder: Path, why: str = "", *, progress: Progress = SILENT
) -> Published:
    """Publishes official lists and writes their files; what was published before stays what it is.

    Only an expert publishes a list for the first time; anybody may write files of it elsewhere.
    Refused, before anything is kept or written, when a file of another content is in the way, or
    the folder doesn't take files of that size.
    """
    why = " ".join(why.split())
    if len(why) > MOST_WHY:
        raise Refused(f"The reason is longer than {MOST_WHY} characters.")
    if not files.is_folder(folder):
        raise Refused(f"There is no folder {folder}.")
    described = _described(acting, ids)
    planned = _plan(published(acting), described, acting.actor.email, why)
    _check(acting, planned, why)
    lists = _Lists(acting)
    is_new = any(is_new for _, is_new in planned)
    # What is in the way is found before the publication is kept, for that stays.
    wanted = _Files(lists, folder, [made for made, _ in planned])
    wanted.check()
    wanted.try_out()
    progress.at(_CHECKED)
    progress.checkpoint()
    if is_new:
        planned = _keep(acting, described, why)
    made = tuple(each for each, _ in planned)
    progress.at(_KEPT)
    written: dict[Path, None] = {}
    for _ in range(_MOST_TURNS):
        try:
            wanted = _Files(lists, folder, made)
            wanted.check()
            written |= dict.fromkeys(wanted.write())
        except Refused as error:
            raise _unfinished(error, made, folder, is_new=is_new) from error
        # Who published a newer version meanwhile may have been overtaken by these files.
        if wanted.are_newest():
            break
    progress.at(1.0)
    return Published(made, folder, tuple(written), len(wanted.texts) - len(written))


def _unfinished(
    error: Refused, made: Sequence[Publication], folder: Path, *, is_new: bool
) -> Refused:
    """What stopped the files of lists that are published."""
    names = ", ".join(each.name for each in made)
    kept = f" In the database {names} is published." if is_new else ""
    return Refused(
        f"{error}{kept} Publish to {folder} again, and the files that are missing there are"
        " written."
    )


def _described(acting: Acting, ids: Sequence[int]) -> list[Official]:
    if not acting.db.record:
        raise Refused(f"Nothing can be published here: {acting.db.no_record.why}")
    lists = [golden_lists.of_database(acting, id_) for id_ in sorted(set(ids))]
    return [
        official_lists.of_entry(acting, list_.stored.entry)
        for list_ in lists
        if list_.stored is not None
    ]


def _plan(
    every: Sequence[Publication], lists: Sequence[Official], by: str, why: str
) -> list[tuple[Publication, bool]]:
    """As what each list is published after `every` that was, and whether that is new."""
    known = {made.list_id: made for made in every}
    names = {made.name for made in every}
    newest: dict[tuple[str, str], Publication] = {}
    for made in every:
        newest.setdefault((made.era, made.kind), made)
    planned = []
    for list_ in lists:
        entry, at = list_.entry, (list_.era, list_.kind)
        if entry.id in known:
            planned.append((known[entry.id], False))
            continue
        if not entry.official:
            raise Refused(f"Golden JSON {entry.id} is not official. Make it official first.")
        if not list_.is_addressed:
            raise Refused(
                f"Golden JSON {entry.id} belongs to no single era. Its datasets or its tags have to"
                " name one, such as Collisions2025."
            )
        parent = newest.get(at)
        number = 1 if parent is None else parent.number + 1
        kind = exports.NAMES_OF_KINDS[list_.kind]
        name = f"Cert_{list_.era}_{entry.min_run_number}_{entry.max_run_number}_{kind}"
        if name in names:
            name = f"{name}_v{number}"
        made = Publication(
            entry.id,
            name,
            *at,
            number,
            None if parent is None else parent.list_id,
            why,
            by,
            datetime.now(UTC),
        )
        names.add(name)
        newest[at] = made
        planned.append((made, True))
    return planned


def _check(acting: Acting, planned: Sequence[tuple[Publication, bool]], why: str) -> None:
    """Whether the person may, and says why where that is wanted."""
    found_new = any(is_new for _, is_new in planned)
    if refused := refusal(acting, is_new=found_new):
        raise refused
    for made, is_new in planned:
        if is_new and made.parent is not None and not why:
            raise Refused(
                f"Golden JSON {made.list_id} takes the place of golden JSON {made.parent}. Say why."
            )
    if found_new:
        return
    for made, _ in planned:
        if why not in ("", made.why):
            raise Refused(
                f"Golden JSON {made.list_id} was published for another reason, which can't be"
                f" changed: {made.why or 'none was given'}"
            )


def _keep(acting: Acting, lists: Sequence[Official], why: str) -> list[tuple[Publication, bool]]:
    with acting.db.transaction() as connection:
        publications.lock(connection)
        every = publications.published(connection)
        planned = _plan(every, lists, acting.actor.email, why)
        _check(acting, planned, why)
        for made, is_new in planned:
            if is_new:
                publications.add(connection, made)
        ids = [made.list_id for made, _ in planned]
        generated_json.announce(connection, ids)
        # Author and time are the server's.
        known = publications.of_lists(connection, ids)
    return [(known[made.list_id], is_new) for made, is_new in planned]


class _Lists:
    """Stored lists, each read once: what they say never changes."""

    def __init__(self, acting: Acting) -> None:
        self.acting = acting
        self._found: dict[int, GoldenList | None] = {}

    def get(self, id_: int) -> GoldenList | None:
        """A list; None when it was deleted."""
        if id_ not in self._found:
            try:
                self._found[id_] = golden_lists.of_database(self.acting, id_)
            except NotFound:
                self._found[id_] = None
        return self._found[id_]

    def sha256(self, id_: int) -> str | None:
        """Digest of the golden form."""
        list_ = self.get(id_)
        return None if list_ is None else _digest(_text(list_, Export.GOLDEN))

    def changed(self, made: Publication) -> Changed | None:
        """What a list gained and lost since its parent; None without one, or when one is gone."""
        parent = None if made.parent is None else self.get(made.parent)
        list_ = self.get(made.list_id)
        if parent is None or list_ is None:
            return None
        return changed_between(parent.document, list_.document)


class _Files:
    """The files that publications need in a folder, in the order in which they are written: the
    lists, then what names the newest of them."""

    def __init__(self, lists: _Lists, folder: Path, made: Sequence[Publication]) -> None:
        self._lists = lists
        self._folder = folder
        self._eras = sorted({each.era for each in made})
        self._every = {
            era: _of_era(lists.acting, era, [each for each in made if each.era == era])
            for era in self._eras
        }
        kinds = {(each.era, each.kind) for each in made}
        newest = {
            (each.era, each.kind): each
            for era in self._eras
            for each in reversed(self._every[era])
            if not each.withdrawn and (each.era, each.kind) in kinds
        }
        self._lasting: dict[Path, str] = {}
        self._provenance: dict[Path, str] = {}
        self._latest: dict[Path, str] = {}
        self._may_hold: dict[Path, set[str | None]] = {}
        for each in {one.list_id: one for one in (*made, *newest.values())}.values():
            self._add_list(each)
        for each in newest.values():
            self._add_latest(each)
        self._index = {
            folder / era / INDEX: self._index_text(era, self._every[era]) for era in self._eras
        }
        self.texts = {**self._lasting, **self._provenance, **self._latest, **self._index}

    def check(self) -> None:
        """Refuses what can't be written, or would take the place of a file of somebody else."""
        for era in self._eras:
            if not files.is_folder(self._folder / era):
                files.check_writable(self._folder / era)
        for file, text in self.texts.items():
            before = _before(file)
            if before is None or before == text.encode() or self._stays(file, before):
                continue
            if not self._may_replace(file, before):
                raise Refused(
                    f"{file} is there already and says something else, and stays. Move it away, or"
                    " publish to another folder."
                )
            files.check_writable(file)

    def try_out(self) -> None:
        """Refuses what there is no room or no right for."""
        files.try_out({file: text.encode() for file, text in self._missing()})

    def write(self) -> Iterator[Path]:
        """Writes what isn't there as it should be; the files that were written."""
        for file, text in self._missing():
            files.make_folder(file.parent)
            files.write(file, text)
            yield file

    def _missing(self) -> Iterator[tuple[Path, str]]:
        for file, text in self.texts.items():
            before = _before(file)
            if before is None or not (before == text.encode() or self._stays(file, before)):
                yield file, text

    def are_newest(self) -> bool:
        """Whether nothing else was published meanwhile."""
        return all(
            [each.list_id for each in self._every[era]]
            == [each.list_id for each in published(self._lists.acting, era)]
            for era in self._eras
        )

    def _add_list(self, made: Publication) -> None:
        list_ = self._lists.get(made.list_id)
        if list_ is None:
            raise Refused(f"Golden JSON {made.list_id} was deleted.")
        folder = self._folder / made.era
        texts = {f"{made.name}{form.ending}": _text(list_, form) for form in FORMS}
        sums = "".join(f"{_digest(text)}  {name}\n" for name, text in texts.items())
        texts[f"{made.name}{_SIDECAR}"] = sums
        self._lasting |= {folder / name: text for name, text in texts.items()}
        name = f"{made.name}{Export.GOLDEN.ending}"
        self._provenance[folder / f"{made.name}.provenance.json"] = exports.provenance_text(
            self._lists.acting, list_, name, texts[name]
        )

    def _add_latest(self, made: Publication) -> None:
        list_ = self._lists.get(made.list_id)
        assert list_ is not None
        folder = self._folder / made.era
        if made.kind != GOLDEN:
            folder /= made.kind
        text = _text(list_, Export.GOLDEN)
        self._latest[folder / LATEST] = text
        self._latest[folder / f"{LATEST}{_SIDECAR}"] = f"{_digest(text)}  {LATEST}\n"
        self._may_hold[folder / LATEST] = {
            self._lists.sha256(each.list_id)
            for each in self._every[made.era]
            if each.kind == made.kind
        }

    def _index_text(self, era: str, every: Sequence[Publication]) -> str:
        said: list[JsonValue] = []
        for made in every:
            changed = self._lists.changed(made)
            said.append(
                {
                    "golden_json": made.list_id,
                    **document_of(made),
                    "changed": None if changed is None else changed.document,
                    **fate_of(made),
                    "sha256": self._lists.sha256(made.list_id),
                }
            )
        return json.dumps({"era": era, "published": said}, ensure_ascii=False, indent=1) + "\n"

    def _may_replace(self, file: Path, before: bytes) -> bool:
        """Whether a file that says something else is an older one of this kind."""
        if file in self._may_hold:
            digest = hashlib.sha256(before).hexdigest()
            return digest in self._may_hold[file] or digest in self._digests_of(file)
        if file in self._latest:
            return _DIGEST_LINE.fullmatch(before.decode("utf-8", "replace")) is not None
        if file in self._index:
            found = _object(before)
            return found.get("era") == file.parent.name and "published" in found
        return False

    def _digests_of(self, latest: Path) -> Collection[object]:
        """Those of lists that were published here and deleted since."""
        era = latest.relative_to(self._folder).parts[0]
        said = _object(_before(self._folder / era / INDEX) or b"").get("published")
        every = said if isinstance(said, list) else ()
        return [each.get("sha256") for each in every if isinstance(each, dict)]

    def _stays(self, file: Path, before: bytes) -> bool:
        """Whether it is the provenance of the same file, as another version of the program told
        it."""
        if file not in self._provenance:
            return False
        said, known = _object(before), _object(self._provenance[file].encode())
        return all(said.get(key) == known[key] for key in ("file_sha256", "golden_json"))


def _of_era(acting: Acting, era: str, made: Sequence[Publication]) -> list[Publication]:
    """All that was or is being published of an era, by kind, the newest version first."""
    known = {each.list_id: each for each in (*made, *published(acting, era))}
    return sorted(known.values(), key=lambda each: (each.kind, -each.number))


def _text(list_: GoldenList, form: Export) -> str:
    return exports.text_of(None, form, list_)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _before(file: Path) -> bytes | None:
    """What a file says; None when there is none."""
    with files.told(file):
        try:
            return file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


def _object(content: bytes) -> Mapping[str, JsonValue]:
    """The JSON object that a file holds; an empty one when it holds something else."""
    try:
        found = foreign_json.parse(content)
    except NotJson:
        return {}
    return as_object(found)
