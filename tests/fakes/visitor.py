"""A browser as far as HTTP goes: it keeps its cookies and says what browsers say. Pages are in tests/browser."""

from json import dumps
from typing import Any

import httpx

from securevision.api.cookies import SESSION_COOKIE

Json = Any
AGENT = "Visitor/1.0"


class Visitor:
    """Somebody with a browser. Secure cookies work, as they do on localhost.

    `network` is what a proxy says of their address; the server believes it when it trusts 127.0.0.1.
    """

    def __init__(self, url: str, origin: str, network: str | None = None) -> None:
        self._client = httpx.Client(base_url=url, timeout=10, verify=False, headers={"User-Agent": AGENT})
        self._origin = origin
        self.network = network
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []
        """The Set-Cookie headers of the last answer."""

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    @property
    def session_secret(self) -> str:
        return self.cookies[SESSION_COOKIE]

    def send(
        self, method: str, path: str, json: Json = None, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a request as our own page does; `headers` are added, and take the place of others."""
        said = {"Sec-Fetch-Site": "same-origin", "Origin": self._origin, "X-SV-CSRF": "1"}
        if self.network:
            said["X-Forwarded-For"] = self.network
        if self.cookies:
            said["Cookie"] = self.cookie_header
        body = None
        if json is not None:
            # In ASCII: half a surrogate pair cannot be sent otherwise.
            body, said["Content-Type"] = dumps(json), "application/json"
        answer = self._client.request(method, path, content=body, headers=said | (headers or {}))
        self._client.cookies.clear()
        self.set_cookies = answer.headers.get_list("set-cookie")
        for cookie in self.set_cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def get(self, path: str) -> httpx.Response:
        return self.send("GET", path)

    def post(self, path: str, json: Json = None) -> httpx.Response:
        return self.send("POST", path, json)

    def close(self) -> None:
        self._client.close()
