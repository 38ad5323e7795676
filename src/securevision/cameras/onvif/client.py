"""Asks a camera which streams it has: its services, then its profiles, then the address of each."""

from collections.abc import Iterator
from dataclasses import replace

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.authentication import Login
from securevision.cameras.failures import redirected
from securevision.cameras.http_message import target_of
from securevision.cameras.onvif.camera import OnvifCamera, OnvifProfile
from securevision.cameras.onvif.device import service_addresses
from securevision.cameras.onvif.location import Elsewhere, service_path, stream_address
from securevision.cameras.onvif.media import MEDIA_SERVICES, MediaService
from securevision.cameras.onvif.session import Session
from securevision.cameras.onvif.soap import Fault
from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock
from securevision.errors import SourceRefused

_DEFAULT_PATH = "/onvif/device_service"
_SERVICE_QUESTIONS = (
    ("tds:GetServices", "<tds:IncludeCapability>false</tds:IncludeCapability>"),
    ("tds:GetCapabilities", "<tds:Category>All</tds:Category>"),  # all that there was before ONVIF 2.1
)


class OnvifClient:
    """Asks one camera, at the host that `connect` reaches and at no other. Opens no socket itself."""

    def __init__(
        self,
        connect: Connect,
        address: SourceAddress,
        login: Login | None,
        clock: Clock,
        *,
        limit_s: float = 15.0,
    ) -> None:
        """`address` is `http:` or `https:`, with the path of the device service where it is not the usual one.

        All answers together must come within `limit_s`.
        """
        self._connect, self._address, self._login, self._clock = connect, address, login, clock
        self._limit_s = limit_s

    def describe(self) -> OnvifCamera:
        """Return what the camera says of itself.

        Raises SourceRefused when it refuses the login, which is not tried again, names another machine, or has no
        stream that can be used; SourceError when it does not answer, or not as ONVIF. Called once.
        """
        session = Session(self._connect, self._address, self._login, self._clock, self._limit_s)
        path = target_of(self._address) if self._address.target not in ("", "/") else _DEFAULT_PATH
        try:
            session.learn_time(path)
            services = self._services(session, path)
            manufacturer, model, firmware = _identity(session, path)
            for service, media_path in services:
                if profiles := tuple(self._profiles(session, service, media_path)):
                    return OnvifCamera(manufacturer, model, firmware, profiles)
        except Elsewhere:
            raise redirected(self._address.display) from None
        raise SourceRefused(
            f"{self._address.display} offers no video over RTSP; check the profiles that are set up in the camera."
        )

    def _services(self, session: Session, path: str) -> list[tuple[MediaService, str]]:
        """Return the media services that the camera has, with their paths, the better one first."""
        for operation, arguments in _SERVICE_QUESTIONS:
            try:
                addresses = service_addresses(session.ask(path, operation, arguments))
            except Fault:
                continue
            paths = [
                (service, service_path(self._address.host, addresses.get(service.prefix, "")))
                for service in MEDIA_SERVICES
            ]
            if services := [(service, path) for service, path in paths if path is not None]:
                return services
        raise SourceRefused(
            f"{self._address.display} does not say where its streams are; "
            "check its address and port, and that ONVIF is on in the camera."
        )

    def _profiles(self, session: Session, service: MediaService, path: str) -> Iterator[OnvifProfile]:
        """Yield the profiles whose stream the camera gives an address of."""
        try:
            offered = service.profiles(session.ask(path, f"{service.prefix}:GetProfiles", service.filter))
        except Fault:
            return
        for each in offered:
            if address := self._stream(session, service, path, each):
                yield replace(each, address=address)

    def _stream(
        self, session: Session, service: MediaService, path: str, profile: OnvifProfile
    ) -> str | None:
        try:
            answer = session.ask(path, f"{service.prefix}:GetStreamUri", service.stream(profile))
        except Fault:
            return None
        return stream_address(self._address.host, service.stream_uri(answer))


def _identity(session: Session, path: str) -> tuple[str, str, str]:
    """Return manufacturer, model and firmware; empty what the camera does not tell."""
    try:
        answer = session.ask(path, "tds:GetDeviceInformation")
    except Fault:
        return "", "", ""
    return (
        answer.text_at("tds:Manufacturer"),
        answer.text_at("tds:Model"),
        answer.text_at("tds:FirmwareVersion"),
    )
