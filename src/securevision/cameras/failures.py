"""Why a camera gives no video, in one sentence without secrets."""

import socket

from securevision.errors import SourceError, SourceRefused


def explain_opening(error: Exception, camera: str, limit_s: float) -> SourceError:
    """Say why a camera could not be opened. `camera` is the display of its address; the error's text is not used."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return SourceError(f"The name of {camera} was not found; check the host in the camera address.")
    if isinstance(error, ConnectionRefusedError):
        return SourceError(
            f"{camera} refuses connections; check the port, and that such video is on in the camera."
        )
    if isinstance(error, TimeoutError):
        return SourceError(
            f"{camera} gave no answer within {limit_s:g} s; check that it is on and reachable."
        )
    return SourceError(f"{camera} could not be reached; check its address, and that it is on.")


def explain_end(error: Exception, camera: str, *, opened: bool, limit_s: float) -> SourceError:
    """Say why a connection is over. A time-out is one after `limit_s`, of opening or of waiting for a picture."""
    if isinstance(error, SourceError):
        return error
    if not isinstance(error, TimeoutError):
        return SourceError(ended(camera))
    return stalled(camera, limit_s) if opened else explain_opening(error, camera, limit_s)


def redirected(camera: str) -> SourceRefused:
    """Say that a camera sends its viewers elsewhere, where nobody checked who is there."""
    return SourceRefused(
        f"{camera} sends us on to another address, which is not followed; give the address of the camera itself."
    )


def ended(camera: str) -> str:
    """Say that a camera ended the connection."""
    return f"{camera} ended the connection."


def silent(camera: str) -> str:
    """Say that a camera is connected and has sent no picture for a while."""
    return f"{camera} sends no picture just now."


def stalled(camera: str, limit_s: float) -> SourceError:
    """Say that a camera is connected and sends no picture."""
    return SourceError(f"{camera} has stalled: no picture came for {limit_s:g} s.")


def wrong_login(camera: str) -> SourceRefused:
    """Say that a camera wants another user name and password."""
    return SourceRefused(f"{camera} refuses the user name or password; check both in the camera address.")


def no_login(camera: str) -> SourceRefused:
    """Say that a camera wants a user name and password, and that there are none."""
    return SourceRefused(f"{camera} wants a user name and password; write them into the camera address.")


def unknown_login(camera: str) -> SourceRefused:
    """Say that a camera wants to be proved who we are in a way that we don't know."""
    return SourceRefused(
        f"{camera} wants a login of a kind that is not supported; allow Digest in the camera."
    )


def no_such_stream(camera: str) -> SourceRefused:
    """Say that nothing is at the path of an address."""
    return SourceRefused(f"{camera} has no such stream; check the path in the camera address.")


def no_video(camera: str) -> SourceRefused:
    """Say that what is at an address is something else."""
    return SourceRefused(f"{camera} has no video in it; choose a stream with a picture.")


def still_picture(camera: str) -> SourceRefused:
    """Say that one picture is at an address, and no more."""
    return SourceRefused(f"{camera} is a still picture, not a stream; give the address of its MJPEG stream.")


def not_supported(camera: str) -> SourceRefused:
    """Say that a video is encoded in a way that is not decoded here."""
    return SourceRefused(f"The video of {camera} is of a kind that is not supported; use H.264 or H.265.")


def too_large(camera: str) -> SourceRefused:
    """Say that a picture has more pixels than are decoded."""
    return SourceRefused(
        f"The picture of {camera} is too large; choose a stream of at most 8192x4608 pixels."
    )


def not_understood(camera: str, protocol: str) -> SourceError:
    """Say that what a camera sends cannot be read, or is more than it should be."""
    return SourceError(f"{camera} sends something that is not {protocol}; check its address and port.")


def server_error(camera: str, status: int) -> SourceError:
    """Say that a camera answers with an error of its own."""
    return SourceError(f"{camera} answers with error {status}; restart the camera if that goes on.")


def not_played(camera: str) -> SourceRefused:
    """Say that a camera of RTMP says no, without a reason that we know."""
    return SourceRefused(
        f"{camera} refuses to play the stream; check its path, and the login in its path or query."
    )


def no_tcp(camera: str) -> SourceRefused:
    """Say that a camera does not send its video over the connection of RTSP."""
    return SourceRefused(
        f"{camera} does not send its video over TCP; allow RTP over RTSP (TCP) in the camera."
    )


def no_room(camera: str) -> SourceError:
    """Say that a camera serves as many viewers as it can."""
    return SourceError(f"{camera} serves no more viewers; close another program that watches it.")


def no_keyframe(camera: str, limit_s: float) -> SourceError:
    """Say that a camera sends pictures with which nothing can begin."""
    return SourceError(
        f"{camera} sent no whole keyframe for {limit_s:g} s; choose a shorter keyframe interval in the camera."
    )


def no_camera(camera: str) -> SourceRefused:
    """Say that a device is no camera, or the part of one that gives no pictures."""
    return SourceRefused(f"{camera} gives no pictures; try another one of the devices at /dev/video*.")


def raw_pictures(camera: str) -> SourceRefused:
    """Say that a camera at this machine does not encode."""
    return SourceRefused(f"{camera} gives raw pictures alone; use a camera that gives MJPEG.")


def in_use(camera: str) -> SourceError:
    """Say that somebody else has a camera of this machine."""
    return SourceError(f"{camera} is used by another program; close that.")


def no_bandwidth(camera: str) -> SourceError:
    """Say that the cameras of one USB port together send more than it carries."""
    return SourceError(f"The USB port of {camera} has no room for its video; use a port of its own for it.")


def unplugged(camera: str) -> SourceError:
    """Say that a camera of this machine has gone."""
    return SourceError(f"{camera} does not answer any more; check that the camera is plugged in.")
