"""What was refused, in the words and with the status that the web service's clients look for."""

import html
import logging

from starlette.responses import Response

from app.domain.certification.runs import ClassMissing, NothingToSignOff, StatusMissing
from app.domain.errors import NotPermitted, RegistryError, Unavailable
from app.door import answers

logger = logging.getLogger(__name__)

NO_IDENTITY = "Request must provide email and egroups"

_EGROUP = (
    '<a target="_blank" href=https://e-groups.cern.ch/e-groups/Egroup.do?egroupName={name}&tab=3>'
    "{name}</a>"
)
_NEEDS = (
    "User needs to be part of any of the following e-groups to fulfill this action (clickable"
    " links): <br/><br/><strong><i>{egroups}</i></strong> <br/><br/> IMPORTANT: After being"
    ' accepted to an e-group it is necessary to <a href="/logout">log-out</a> and log-in again. '
)
_NOBODY_MAY = (
    "There is no egroup that is authorized to do this action. <br/><br/>Please file a JIRA ticket"
    ' with the action you were trying to do.<br/><br/> Link here: <a target="_blank"'
    ' href="https://its.cern.ch/jira/projects/NEWRUNREGISTRY/issues/NEWRUNREGISTRY-2'
    '?filter=allopenissues">RUN REGISTRY JIRA</a>'
)


class NobodyNamed(RegistryError):
    """An action without a person who does it."""


class NotBelieved(RegistryError):
    """Who a request says that it comes from can't be, or can't be proved."""


def told(error: RegistryError) -> Response:
    """The answer that tells an error."""
    if isinstance(error, NobodyNamed):
        return answers.refusal(NO_IDENTITY)
    if isinstance(error, NotBelieved):
        return answers.not_authorised(str(error))
    if isinstance(error, NotPermitted):
        return answers.not_authorised(_not_permitted(error))
    if isinstance(error, Unavailable):
        logger.warning("A request was not answered: %s", error)
        busy = answers.refusal(error.advised, 503)
        busy.headers["Retry-After"] = "5"
        return busy
    return answers.refusal(_words(error))


def _words(error: RegistryError) -> str:
    """The sentence the web service has for it, else ours."""
    if isinstance(error, StatusMissing):
        first = error.unset[0]
        column = first.column.partition("-")[2]
        return (
            f"There is a {first.status or 'empty'} lumisection at position"
            f" {first.ranges[0].first} of this run in component {column}.\n{' ' * 27}"
            "Please wait until this component is updated automatically (<5 mins), or ask"
            f" {column} expert, then change the value in the 'manage' menu."
        )
    if isinstance(error, NothingToSignOff):
        return (
            f"There is no run lumisection data for run {error.run_number}, therefore it cannot be"
            " signed off"
        )
    if isinstance(error, ClassMissing):
        return "The class of run must not be empty "
    return str(error)


def _not_permitted(error: NotPermitted) -> str:
    if error.egroups is None:
        return html.escape(str(error), quote=False)
    if not error.egroups:
        return _NOBODY_MAY
    links = (_EGROUP.format(name=html.escape(egroup)) for egroup in error.egroups)
    return _NEEDS.format(egroups="</i></strong><br/></br><strong><i>".join(links))
