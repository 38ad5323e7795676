"""`securevision serve`: the server."""

from securevision.cli.terminal import make_models, prepare
from securevision.wiring import server


def serve() -> None:
    """Watch the cameras, and serve the page and the API until stopped.

    SECUREVISION__CAMERA__URL makes one without signing in; others are added on the page or by `camera add`.
    """
    settings = prepare(server=True)
    server.serve(settings, make_models(settings), print)
