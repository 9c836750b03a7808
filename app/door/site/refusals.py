"""What is wrong, as a page for a browser and as JSON for a script."""

from starlette.requests import Request
from starlette.responses import Response

from app.domain.errors import NotFound, NotPermitted, RegistryError, Unavailable
from app.door.answers import answer
from app.door.errors import NobodyNamed, NoSuchAddress, NotBelieved, TooLarge, TooSlow
from app.door.site.pages import HTML, sent, text_of

_TITLES = {
    400: "This can't be read",
    401: "Who asks is not known",
    403: "Not permitted",
    404: "Not found",
    408: "Too slow",
    413: "Too long",
    500: "An error in the program",
    503: "Not available now",
}


def told(request: Request, error: Exception) -> Response:
    """The answer that tells an error: a page where one is asked for, else JSON."""
    status, text = _words(request, error)
    if not wants_page(request):
        return answer({"err": text}, status)
    # Which address the site has is nothing that an error needs: it leads to the start.
    written = text_of("", "error.html", title=_TITLES[status], text=text, status=status)
    return sent(request.headers, written, HTML, status)


def wants_page(request: Request) -> bool:
    """Whether a browser asks: scripts take anything."""
    return "text/html" in request.headers.get("accept", "")


def _words(request: Request, error: Exception) -> tuple[int, str]:
    match error:
        case NoSuchAddress():
            return 404, f"There is nothing at {request.url.path[:200]}."
        case TooLarge():
            return 413, "The body is longer than this server takes."
        case TooSlow():
            return 408, "The body did not come in time."
        case Unavailable():
            return 503, error.advised
        case NotBelieved() | NobodyNamed():
            return 401, str(error)
        case NotPermitted():
            return 403, str(error)
        case NotFound():
            return 404, str(error)
        case RegistryError():
            return 400, str(error)
    return 500, "An error in the program; its log tells more."
