"""The configuration in force, now or at a version, and where everything is."""

from app.domain.configuration.in_force import Kind
from app.domain.configuration.versions import ListHistory
from app.door.asking import Asked
from app.door.v1.answered import ConfigurationAnswer, ConfigurationItem, ConfigurationList
from app.door.v1.answering import Answered
from app.door.v1.asked import OfMoment, version_of
from app.services.configuration import in_force, versions
from app.services.configuration.versions import InForce


def in_force_at(asked: Asked, taken: OfMoment) -> Answered:
    """Every list of the configuration."""
    acting = asked.reading
    at = version_of(acting, taken.as_of)
    histories = {kind: versions.versions(acting, kind) for kind in Kind}
    if at is None:
        present = [
            InForce(kind, history.versions[-1], history.versions[-1].exact)
            for kind, history in histories.items()
            if history.versions
        ]
    else:
        present = [*versions.in_force_at_event(acting, at).lists]
    current = in_force.current(acting)
    return Answered(
        ConfigurationAnswer(
            {each.kind.value: _list(each, histories[each.kind]) for each in present},
            {name: [*current.columns_of(name, online=True)] for name in current.online_workspaces},
            {
                name: [*current.columns_of(name, online=False)]
                for name in current.offline_workspaces
            },
            at,
        )
    )


def _list(present: InForce, history: ListHistory) -> ConfigurationList:
    version = present.version
    items = [history.items[number] for number in sorted(version.items)]
    return ConfigurationList(
        version.settings_id,
        version.by,
        version.at.isoformat(),
        present.sure,
        [ConfigurationItem(each.id, each.title, each.values) for each in items],
    )
