"""XML from a camera, as elements: no DTD, no entity, no instruction, and within bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

MAX_BYTES = 256 << 10
MAX_DEPTH = 32
MAX_ELEMENTS = 16_384
MAX_ATTRIBUTES = 64
"""Of one element."""
MAX_NAMESPACES = 256
MAX_NAMESPACE = 256
"""Characters: each element's name is put together with its namespace, so a long one costs as often as it is used."""

_PREFIXES: Mapping[str, str] = {
    "http://www.w3.org/2003/05/soap-envelope": "s",
    "http://www.onvif.org/ver10/schema": "tt",
    "http://www.onvif.org/ver10/device/wsdl": "tds",
    "http://www.onvif.org/ver10/media/wsdl": "trt",
    "http://www.onvif.org/ver20/media/wsdl": "tr2",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing": "a",
    "http://schemas.xmlsoap.org/ws/2005/04/discovery": "d",
}
NAMESPACES: Mapping[str, str] = {prefix: uri for uri, prefix in _PREFIXES.items()}
"""Those that are known, by the prefix that they have here; a document's own prefixes mean nothing."""


class Malformed(Exception):
    """The bytes are no XML that is read here. Its text is for tests."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element."""

    name: str
    """`prefix:local` with the prefix of `NAMESPACES`; `?:local` when its namespace is not known, or it has none."""
    attributes: Mapping[str, str]
    """Those without a namespace."""
    children: tuple["Element", ...]
    text: str
    """Its own, without that of its children."""

    def all(self, name: str) -> Iterator["Element"]:
        """Yield the children of that name."""
        return (child for child in self.children if child.name == name)

    def find(self, path: str) -> "Element | None":
        """Return the first element at a path of names, such as `s:Body/s:Fault`."""
        found: Element | None = self
        for name in path.split("/"):
            found = next(found.all(name), None) if found is not None else None
        return found

    def text_at(self, path: str, limit: int = 64) -> str:
        """Return the text at a path, cut and fit to be shown; empty when there is none."""
        found = self.find(path)
        return shown(found.text, limit) if found is not None else ""

    def number_at(self, path: str, limit: int) -> float:
        """Return the number at a path, from 0 to `limit`; 0 when there is none."""
        try:
            number = float(self.text_at(path))
        except ValueError:
            return 0.0
        return number if 0.0 <= number <= limit else 0.0


def shown(text: str, limit: int) -> str:
    """Return what a camera says of itself in at most `limit` characters that steer no terminal."""
    return "".join(each if each.isprintable() else " " for each in text.strip()[:limit])


def parse_element(document: bytes) -> Element:
    """Return the root of a document. Raises Malformed.

    It is read as UTF-8 whatever it declares, what is not becoming U+FFFD: some firmware writes its names otherwise.
    """
    if len(document) > MAX_BYTES:
        raise Malformed("too long")
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = builder.refuse
    parser.StartNamespaceDeclHandler = builder.declare
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.add_text
    try:
        parser.Parse(document.decode("utf-8", "replace"), True)  # noqa: FBT003 - its only form
    except expat.ExpatError as error:
        raise Malformed(str(error)) from None
    return builder.root()


@dataclass(slots=True)
class _Open:
    """An element whose end has not come."""

    name: str
    attributes: Mapping[str, str]
    children: list[Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class _Builder:
    """Takes what expat reports; counts before it keeps."""

    def __init__(self) -> None:
        self._open = [_Open("", {})]
        self._elements = 0
        self._namespaces = 0

    def root(self) -> Element:
        return self._open[0].children[0]

    def refuse(self, *_: object) -> NoReturn:
        raise Malformed("a DTD or an instruction")

    def declare(self, _: str | None, uri: str | None) -> None:
        self._namespaces += 1
        if self._namespaces > MAX_NAMESPACES or len(uri or "") > MAX_NAMESPACE:
            raise Malformed("too many namespaces")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) > MAX_DEPTH or len(attributes) > MAX_ATTRIBUTES:
            raise Malformed("too many elements")
        uri, _, local = name.rpartition(" ")
        plain = {each: value for each, value in attributes.items() if " " not in each}
        self._open.append(_Open(f"{_PREFIXES.get(uri, '?')}:{local}", plain))

    def end(self, _: str) -> None:
        done = self._open.pop()
        self._open[-1].children.append(
            Element(done.name, done.attributes, tuple(done.children), "".join(done.text))
        )

    def add_text(self, text: str) -> None:
        self._open[-1].text.append(text)
