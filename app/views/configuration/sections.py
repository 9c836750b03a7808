"""The lists of the configuration in the window."""

from dataclasses import dataclass

from app.domain.configuration.in_force import Kind
from app.domain.configuration.items import WITH_RULE
from app.domain.configuration.versions import Item, value_words
from app.domain.rules.vocabulary import RuleSubject


@dataclass(frozen=True, slots=True)
class Section:
    """A list of the navigation; of component classifiers `online` selects the columns.

    `heads` are the columns of its table, by field.
    """

    name: str
    text: str
    kind: Kind | None
    online: bool | None
    subject: RuleSubject | None
    about: str
    noun: str = ""
    heads: tuple[tuple[str, str], ...] = ()

    @property
    def has_rule(self) -> bool:
        """Whether its items have a rule."""
        return self.kind in WITH_RULE

    @property
    def can_be_tried(self) -> bool:
        """Whether its items decide something of runs by themselves."""
        return self.kind is not None and self.kind not in (Kind.PERMISSION, Kind.JSON_RULE)

    def holds(self, item: Item) -> bool:
        """Whether an item is listed here."""
        return self.online is None or item.values["online"] is self.online

    def cells(self, item: Item) -> list[str]:
        """The cells of an item's row."""
        return [_cell(item, name) for name, _ in self.heads]


_COMPONENT = (("column", "Column"), ("status", "Status"), ("priority", "Priority"), ("enabled", ""))

SECTIONS = (
    Section(
        "class",
        "Classes",
        Kind.CLASS,
        None,
        RuleSubject.CLASS,
        "Give a run its class. Of those that match, the one with the smallest priority wins.",
        "class classifier",
        (("class", "Class"), ("priority", "Priority"), ("enabled", "")),
    ),
    Section(
        "dataset",
        "Significance",
        Kind.DATASET,
        None,
        RuleSubject.SIGNIFICANCE,
        "Decide whether a run of a class is significant. One that holds is enough.",
        "dataset classifier",
        (("class", "Class"), ("enabled", "")),
    ),
    Section(
        "online",
        "Online columns",
        Kind.COMPONENT,
        True,
        RuleSubject.ONLINE_COLUMN,
        "Give online columns their status. Of those that match, the smallest priority wins.",
        "component classifier",
        _COMPONENT,
    ),
    Section(
        "offline",
        "Offline columns",
        Kind.COMPONENT,
        False,
        RuleSubject.OFFLINE_COLUMN,
        "Give columns of offline datasets their status when a run is signed off.",
        "component classifier",
        _COMPONENT,
    ),
    Section(
        "offline_dataset",
        "Offline datasets",
        Kind.OFFLINE_DATASET,
        None,
        RuleSubject.OFFLINE_DATASET,
        "Decide whether a dataset that appeared in the DQM GUI is significant to a workspace.",
        "offline dataset classifier",
        (("workspace", "Workspace"), ("enabled", "")),
    ),
    Section(
        "json",
        "JSON rules",
        Kind.JSON_RULE,
        None,
        RuleSubject.GOLDEN,
        "Rules of golden JSONs. Only the author of a rule and experts can change it.",
        "JSON configuration",
        (("name", "Name"), ("created_by", "By")),
    ),
    Section(
        "accepted",
        "Accepted datasets",
        Kind.DATASETS_ACCEPTED,
        None,
        None,
        "Offline datasets that runs of a class get, and their names in the DQM GUI.",
        "accepted dataset",
        (("name", "Name"), ("class", "Class"), ("runs", "Runs"), ("enabled", "")),
    ),
    Section(
        "permissions",
        "Permissions",
        Kind.PERMISSION,
        None,
        None,
        "What members of an e-group may do, as routes.",
        "permission",
        (("egroup", "E-group"), ("routes", "Routes")),
    ),
    Section(
        "workspaces",
        "Workspaces",
        None,
        None,
        None,
        "Groups of experts and their columns. Retired ones keep all their values.",
    ),
)


def is_off(item: Item) -> bool:
    """Whether the item is switched off."""
    return item.values.get("enabled") is False


def _cell(item: Item, name: str) -> str:
    values = item.values
    match name:
        case "enabled":
            return "off" if is_off(item) else ""
        case "created_by":
            return item.created_by or ""
        case "runs":
            first = values["run_from"]
            return f"{'' if first is None else first} - {values['run_to']}".strip()
        case "routes":
            routes = values["routes"]
            return str(len(routes)) if isinstance(routes, list) else "1"
        case _:
            return value_words(values[name])
