"""What was published: each list with its name, version and parent, what changed and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from app.domain.counting import counted
from app.domain.json_value import JsonObject
from app.golden.compare import compare
from app.golden.document import Document, lumisections
from app.models.golden import publications
from app.models.golden.publications import Publication
from app.services.acting import Acting


@dataclass(frozen=True)
class Changed:
    """How much a list has that its parent doesn't have, and the other way round."""

    lumisections_gained: int
    lumisections_lost: int
    runs_gained: int
    runs_lost: int

    @property
    def text(self) -> str:
        """The same in words."""
        if not self.lumisections_gained and not self.lumisections_lost:
            return "has the same lumisections"
        said = []
        for verb, number, runs in (
            ("gains", self.lumisections_gained, self.runs_gained),
            ("loses", self.lumisections_lost, self.runs_lost),
        ):
            if number:
                whole = f" ({counted(runs, 'whole run')})" if runs else ""
                said.append(f"{verb} {counted(number, 'lumisection')}{whole}")
        return " and ".join(said)

    @property
    def document(self) -> JsonObject:
        """The same for a file."""
        return {
            "lumisections_gained": self.lumisections_gained,
            "lumisections_lost": self.lumisections_lost,
            "runs_gained": self.runs_gained,
            "runs_lost": self.runs_lost,
        }


def published(acting: Acting, era: str = "") -> tuple[Publication, ...]:
    """All that was published, or that of an era: by era and kind, the newest version first."""
    if not acting.db.record:
        return ()
    with acting.db.read() as connection:
        return tuple(publications.published(connection, era))


def of_list(acting: Acting, id_: int) -> Publication | None:
    """As what a list was published; None when it wasn't."""
    if not acting.db.record:
        return None
    with acting.db.read() as connection:
        return publications.of_lists(connection, [id_]).get(id_)


def changed_between(parent: Document, document: Document) -> Changed:
    """What a list has gained and lost since its parent."""
    found = compare(parent, document)
    return Changed(
        lumisections(found.gained),
        lumisections(found.lost),
        len(found.runs_gained),
        len(found.runs_lost),
    )


def document_of(made: Publication) -> JsonObject:
    """What stays as it is of a publication, for files."""
    return {
        "name": made.name,
        "era": made.era,
        "kind": made.kind,
        "version": made.number,
        "parent": made.parent,
        "why": made.why,
        "by": made.by,
        "at": made.at.astimezone(UTC).isoformat(),
    }


def fate_of(made: Publication) -> JsonObject:
    """What became of it afterwards."""
    return {"superseded_by": made.superseded_by, "withdrawn": made.withdrawn}


def text_of(made: Publication, names: Mapping[int, str] | None = None) -> str:
    """A publication in sentences; `names` are those of other lists."""

    def called(id_: int) -> str:
        name = (names or {}).get(id_)
        return f"golden JSON {id_}" if name is None else f"{name} (golden JSON {id_})"

    said = [f"Published as {made.name}, version {made.number} of {made.era}, {made.kind}."]
    if made.parent is not None:
        said.append(f"It takes the place of {called(made.parent)}: {made.why.rstrip('.')}.")
    elif made.why:
        said.append(f"{made.why.rstrip('.')}.")
    if made.withdrawn:
        said.append("It was deleted afterwards.")
    elif made.superseded_by is not None:
        said.append(f"Superseded by {called(made.superseded_by)}.")
    return " ".join(said)
