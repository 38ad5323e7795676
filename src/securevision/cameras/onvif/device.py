"""What the device service answers: the camera's time, and where its other services are (ONVIF Core 8)."""

from datetime import UTC, datetime

from securevision.cameras.onvif.element import NAMESPACES, Element

_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}


def utc_ms(answer: Element) -> int | None:
    """Return the time of GetSystemDateAndTime in milliseconds since the Unix epoch; None when it is not told."""
    told = answer.find("tds:SystemDateAndTime/tt:UTCDateTime")
    if told is None:
        return None
    year, month, day = (int(told.number_at(f"tt:Date/tt:{part}", 9998)) for part in ("Year", "Month", "Day"))
    hour, minute, second = (
        int(told.number_at(f"tt:Time/tt:{part}", 59)) for part in ("Hour", "Minute", "Second")
    )
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return max(int(moment.timestamp()) * 1000, 0)


def service_addresses(answer: Element) -> dict[str, str]:
    """Return the addresses in the answer of GetServices or GetCapabilities, by the prefix of `NAMESPACES`."""
    found = {}
    for service in answer.all("tds:Service"):
        if prefix := _PREFIXES.get(service.text_at("tds:Namespace", 256)):
            found[prefix] = service.text_at("tds:XAddr", 512)
    if media := answer.text_at("tds:Capabilities/tt:Media/tt:XAddr", 512):
        found["trt"] = media
    return found
