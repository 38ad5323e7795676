"""Why a camera gives no video, in one sentence without secrets."""

import socket

from av.error import ExitError, HTTPForbiddenError, HTTPNotFoundError, HTTPUnauthorizedError

from securevision.errors import SourceError, SourceRefused

_NEARLY = 0.9


def explain_opening(error: Exception, camera: str, waited_s: float, limit_s: float) -> SourceError:
    """Say why a camera could not be opened.

    The text of `error` is never used: FFmpeg puts the URL with its password into it. `camera` is the
    display of its address. FFmpeg reports some time-outs as bad data, so the time it took decides.
    """
    if isinstance(error, HTTPUnauthorizedError | HTTPForbiddenError):
        return SourceRefused(f"{camera} refuses the user name or password; check both in the camera address.")
    if isinstance(error, HTTPNotFoundError):
        return SourceRefused(f"{camera} has no such stream; check the path in the camera address.")
    if isinstance(error, socket.gaierror | UnicodeError):
        return SourceError(f"The name of {camera} was not found; check the host in the camera address.")
    if isinstance(error, ConnectionRefusedError):
        return SourceError(
            f"{camera} refuses connections; check the port, and that RTSP is on in the camera."
        )
    if isinstance(error, TimeoutError | ExitError) or waited_s >= _NEARLY * limit_s:
        return SourceError(
            f"{camera} gave no answer within {limit_s:g} s; check that it is on and reachable."
        )
    return SourceError(f"{camera} could not be opened; check its address and that it speaks RTSP.")


def redirected(camera: str) -> SourceRefused:
    """Say that a camera sends its viewers elsewhere, where nobody checked who is there."""
    return SourceRefused(
        f"{camera} sends us on to another address, which is not followed; give the address of the camera itself."
    )


def explain_break(camera: str, silent_s: float, limit_s: float) -> SourceError:
    """Say why a camera that was open gives nothing more, from how long it was silent.

    FFmpeg's error does not tell: a time-out comes as any of several, and the end of a connection as none.
    """
    if silent_s >= _NEARLY * limit_s:
        return stalled(camera, limit_s)
    return SourceError(f"{camera} ended the connection.")


def stalled(camera: str, limit_s: float) -> SourceError:
    """Say that a camera is connected and sends no picture."""
    return SourceError(f"{camera} has stalled: no picture came for {limit_s:g} s.")
