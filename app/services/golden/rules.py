"""Rules that golden JSONs are made with: shipped with the program, saved, or in a file."""

from dataclasses import dataclass
from pathlib import Path

from app import files
from app.domain.configuration.in_force import JsonRule, Kind
from app.domain.configuration.permissions import EXPERTS
from app.domain.errors import BadInput
from app.domain.json_value import JsonValue
from app.services.acting import Acting
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configurations
from app.services.golden import generation as golden


@dataclass(frozen=True, slots=True)
class OfferedRule:
    """A rule under a name; one that is shipped with the program has no id.

    `mine`: the person who acts saved it; `may_change`: that person may replace or delete it.
    """

    name: str
    rule: JsonValue
    shipped: bool
    created_by: str = ""
    id: int | None = None
    mine: bool = False
    may_change: bool = False

    @property
    def origin(self) -> str:
        """Where it comes from."""
        if self.shipped:
            return "shipped"
        return f"by {self.created_by}" if self.created_by else "saved"


def offered(acting: Acting) -> tuple[OfferedRule, ...]:
    """The shipped rules, then the saved ones by name, the newest of each name.

    A saved rule hides the shipped one of the same name.
    """
    saved: dict[str, JsonRule] = {}
    for rule in sorted(configurations.current(acting).json_rules, key=lambda each: each.id):
        saved[rule.name] = rule
    shipped = (name for name in configurations.shipped_rule_names() if name not in saved)
    return (
        *(OfferedRule(name, configurations.shipped_rule(name), shipped=True) for name in shipped),
        *(_offered(acting, saved[name]) for name in sorted(saved)),
    )


def save(acting: Acting, name: str, rule: JsonValue, replaces: int | None = None) -> OfferedRule:
    """Saves a rule under a name, in the place of another one if its id is given.

    Variables that no lumisection has are accepted. Raises Conflict when another rule has the name.
    """
    configuration_edits.save_json_rule(acting, name, rule, item_id=replaces, insist=True)
    return _offered(acting, configurations.current(acting).json_rule(name.strip()))


def delete(acting: Acting, id_: int) -> None:
    """Deletes a saved rule; lists that were made with it stay."""
    configuration_edits.delete_item(acting, Kind.JSON_RULE, id_)


def in_file(file: Path) -> JsonValue:
    """The rule that a JSON file holds; BadInput says why it can't be read."""
    return files.read_json(file, "The rule")


def named_or_in_file(acting: Acting, source: str) -> JsonValue:
    """A rule from a file, or the one that is saved or shipped under a name."""
    file = Path(source)
    if files.is_file(file) or _is_pipe(file):
        return in_file(file)
    if file.suffix == ".json" or len(file.parts) > 1:
        raise BadInput(f"The rule {file} can't be read: there is no such file.")
    return golden.rule_named(acting, source)


def _is_pipe(file: Path) -> bool:
    """Whether a shell hands the text over, such as `<(...)` or /dev/stdin."""
    try:
        return file.is_fifo()
    except (OSError, ValueError):
        return False


def _offered(acting: Acting, saved: JsonRule) -> OfferedRule:
    mine = saved.created_by == acting.actor.email
    return OfferedRule(
        saved.name,
        saved.rule.source,
        shipped=False,
        created_by=saved.created_by or "",
        id=saved.id,
        mine=mine,
        may_change=mine or EXPERTS in acting.actor.egroups,
    )
