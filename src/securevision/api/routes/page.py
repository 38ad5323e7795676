"""The pages' own files, read once at the start: no path of a request ever reaches the disk."""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import Response

_HTML, _SCRIPT, _STYLE, _IMAGE = (
    "text/html; charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/css; charset=utf-8",
    "image/svg+xml; charset=utf-8",
)
_PAGES = {
    "/": "index.html",
    "/sign-in": "sign-in.html",
    "/setup": "setup.html",
    "/invitation": "invitation.html",
    "/account": "account.html",
    "/camera": "camera.html",
}
_SCRIPTS = (
    # A page each
    "events.js",
    "sign-in.js",
    "setup.js",
    "invitation.js",
    "account.js",
    "camera.js",
    # Parts of the events page
    "cards.js",
    "live.js",
    # Parts of a camera's page
    "boxes.js",
    "player.js",
    "recordings.js",
    # Parts of the account page
    "factors.js",
    "sessions.js",
    "tokens.js",
    "users.js",
    "camera-choice.js",
    "dialogs.js",
    "step-up.js",
    "rows.js",
    # What several use
    "agents.js",
    "api.js",
    "camera-states.js",
    "forms.js",
    "links.js",
    "new-password.js",
    "passkeys.js",
    "session.js",
)
PAGE_FILES = {
    **{path: (name, _HTML) for path, name in _PAGES.items()},
    **{f"/page/{name}": (name, _SCRIPT) for name in _SCRIPTS},
    "/page/app.css": ("app.css", _STYLE),
    "/page/icon.svg": ("icon.svg", _IMAGE),
}
"""Address to file and media type."""


def page_handler(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    """Return the handler of one file."""
    content = files("securevision.api").joinpath("page", name).read_bytes()

    async def page_file() -> Response:
        """Return a file of the pages."""
        return Response(content, media_type=media_type)

    return page_file
