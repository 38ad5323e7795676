"""`securevision serve`: the server."""

from securevision.cameras.sources import open_source
from securevision.cli.terminal import make_models, prepare, say
from securevision.clock import SystemClock
from securevision.wiring import server


def serve() -> None:
    """Watch the camera of SECUREVISION__CAMERA__URL, and serve the page and the API until stopped."""
    settings = prepare(server=True)
    models = make_models(settings)
    url = settings.camera.url
    source = None
    if url is None:
        say("No camera is set; start with SECUREVISION__CAMERA__URL=rtsp://user:password@host/stream.")
    else:
        camera = settings.camera
        source = open_source(
            url.get_secret_value(),
            source_id=camera.id,
            fps=camera.fps,
            clock=SystemClock(),
            paced=True,
            allow_loopback=camera.allow_loopback,
        )
    server.serve(settings, source, models, print)
