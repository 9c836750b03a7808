"""What was refused, in the words and with the status that the web service's clients look for."""

import html

from starlette.requests import Request
from starlette.responses import Response

from app.domain.certification.runs import ClassMissing, NothingToSignOff, StatusMissing
from app.domain.configuration.permissions import egroup_address
from app.domain.errors import NotPermitted, RegistryError, Unavailable
from app.door.answers import FOR_EVERYBODY, JsonText, answer
from app.door.errors import NobodyNamed, NoSuchAddress, NotBelieved, TooLarge, TooSlow

NO_IDENTITY = "Request must provide email and egroups"

_EGROUP = '<a target="_blank" href={address}>{name}</a>'
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
_REFUSED = 500
"""The status of every refusal: what the web service answers, and its clients look for."""

_NOT_FOUND = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>Cannot {what}</pre>
</body>
</html>
"""


def refusal(text: str, status_code: int = _REFUSED) -> JsonText:
    """What was refused, and why."""
    return answer({"err": text}, status_code)


def told(request: Request, error: Exception) -> Response:
    """The answer that tells an error."""
    match error:
        case NoSuchAddress():
            return _not_found(request)
        case NobodyNamed():
            return refusal(NO_IDENTITY)
        case NotBelieved():
            return _not_authorised(str(error))
        case NotPermitted():
            return _not_authorised(_not_permitted(error))
        case TooLarge():
            return refusal("The body is longer than this server takes.", 413)
        case TooSlow():
            return refusal("The body did not come in time.", 408)
        case Unavailable():
            return refusal(error.advised, 503)
        case RegistryError():
            return refusal(_words(error))
    return refusal("An error in the program; its log tells more.")


def _not_authorised(message: str) -> JsonText:
    """The person may not do it."""
    return answer({"message": message}, 401)


def _not_found(request: Request) -> Response:
    """What the web service says of an address that it doesn't have."""
    what = html.escape(f"{request.method} {request.url.path}").replace("&#x27;", "&#39;")
    return Response(
        _NOT_FOUND.format(what=what), 404, dict(FOR_EVERYBODY), "text/html; charset=utf-8"
    )


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
    links = (
        _EGROUP.format(address=egroup_address(egroup), name=html.escape(egroup))
        for egroup in error.egroups
    )
    return _NEEDS.format(egroups="</i></strong><br/></br><strong><i>".join(links))
