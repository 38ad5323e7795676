"""The page's own files, read once at the start: no path of a request ever reaches the disk."""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import Response

_HTML, _SCRIPT, _STYLE, _IMAGE = (
    "text/html; charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/css; charset=utf-8",
    "image/svg+xml",
)
PAGE_FILES = {
    "/": ("index.html", _HTML),
    "/page/app.js": ("app.js", _SCRIPT),
    "/page/session.js": ("session.js", _SCRIPT),
    "/page/live.js": ("live.js", _SCRIPT),
    "/page/cards.js": ("cards.js", _SCRIPT),
    "/page/app.css": ("app.css", _STYLE),
    "/page/icon.svg": ("icon.svg", _IMAGE),
}
"""Address to file and media type."""


def page_handler(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    """Return the handler of one file."""
    content = files("securevision.api").joinpath("page", name).read_bytes()

    async def page_file() -> Response:
        """Return a file of the page."""
        return Response(content, media_type=media_type)

    return page_file
