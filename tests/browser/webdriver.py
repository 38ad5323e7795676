"""A small client of the W3C WebDriver protocol, enough to drive one page in Chromium."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

Json = Any

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_PATIENCE_S = 15
_KEY_CODES = {"Escape": {"windowsVirtualKeyCode": 27}}
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
)


class Browser:
    """One browser and the tab that is worked in."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client = client
        self._session = session

    @contextmanager
    def new_tab(self) -> Iterator[None]:
        """Work in a tab of its own, with settings of its own, and close it afterwards."""
        before = _value(self._client.get(f"/session/{self._session}/window"))
        tab = self._post("window/new", {"type": "tab"})["handle"]
        self._post("window", {"handle": tab})
        self._devtools("Network.clearBrowserCookies", {})
        yield
        self._client.delete(f"/session/{self._session}/window")
        self._post("window", {"handle": before})

    def open(self, url: str) -> None:
        self._post("url", {"url": url})

    def reload(self) -> None:
        self._post("refresh", {})

    @property
    def url(self) -> str:
        return str(_value(self._client.get(f"/session/{self._session}/url")))

    def run(self, script: str) -> Json:
        """Run the body of a function in the page and return its result."""
        return self._post("execute/sync", {"script": script, "args": []})

    def wait(self, condition: str) -> Json:
        """Return the expression's value as soon as it is true."""
        look = (
            "const done = arguments[0]; (function look() { let value = null;"
            f"try {{ value = ({condition}); }} catch {{ /* Not there yet. */ }}"
            "if (value) done(value); else setTimeout(look, 20); })();"
        )
        return self._post("execute/async", {"script": look, "args": []})

    def text(self, selector: str) -> str:
        """Return what a person reads there; empty when it cannot be seen."""
        return str(_value(self._client.get(f"/session/{self._session}/element/{self._find(selector)}/text")))

    def type(self, selector: str, text: str) -> None:
        self._post(f"element/{self._find(selector)}/value", {"text": text})

    def click(self, selector: str) -> None:
        self._post(f"element/{self._find(selector)}/click", {})

    def console(self) -> list[str]:
        """Return what the browser complained about since the last call."""
        return [entry["message"] for entry in self._post("se/log", {"type": "browser"})]

    def download(self, selector: str, folder: Path, name: str) -> str:
        """Click what saves a file of that name; returns its text once it is complete."""
        self._devtools("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
        self.click(selector)
        for _ in range(_PATIENCE_S * 50):
            if (folder / name).exists():
                return (folder / name).read_text()
            self.wait("new Promise((done) => setTimeout(done, 20, true))")
        raise AssertionError(f"Nothing was saved as {name}.")

    def press(self, key: str) -> None:
        """Press a key, such as `Escape`, where the focus is."""
        for kind in ("keyDown", "keyUp"):
            self._devtools(
                "Input.dispatchKeyEvent", {"type": kind, "key": key, "code": key, **_KEY_CODES[key]}
            )

    def picture(self) -> str:
        """Return what a person sees, a PNG in base64."""
        return str(_value(self._client.get(f"/session/{self._session}/screenshot")))

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._devtools("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """Ask for the light or the dark colour scheme."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._devtools("Emulation.setEmulatedMedia", {"features": [feature]})

    def before_each_page(self, script: str) -> None:
        """Run a script in every page from now on, before its own."""
        self._devtools("Page.addScriptToEvaluateOnNewDocument", {"source": script})

    def keep_cookie(self, url: str, name: str, value: str) -> None:
        """Give the browser a cookie as an answer from that address would."""
        cookie = {"url": url, "name": name, "value": value, "path": "/", "secure": True, "httpOnly": True}
        kept = self._devtools("Network.setCookie", {**cookie, "sameSite": "Lax"})
        assert kept["success"]

    def cookies(self, url: str) -> dict[str, Json]:
        """Return the cookies that the browser would send there, by name."""
        kept = self._devtools("Network.getCookies", {"urls": [url]})["cookies"]
        return {cookie["name"]: cookie for cookie in kept}

    def plug_in_authenticator(self) -> str:
        """Give this tab a device for passkeys whose user always agrees; returns its id."""
        device = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        return str(self._post("webauthn/authenticator", device))

    def stop_verifying(self, authenticator: str) -> None:
        """Make the device's user fail from now on: a wrong finger, a wrong PIN."""
        self._post(f"webauthn/authenticator/{authenticator}/uv", {"isUserVerified": False})

    def _find(self, selector: str) -> str:
        found = self._post("element", {"using": "css selector", "value": selector})
        return str(found[_ELEMENT])

    def _devtools(self, command: str, parameters: Json) -> Json:
        return self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    def _post(self, command: str, body: Json) -> Json:
        return _value(self._client.post(f"/session/{self._session}/{command}", json=body))


def _value(answer: httpx.Response) -> Json:
    value = answer.json()["value"]
    if answer.is_error:
        raise AssertionError(value["message"])
    return value


@contextmanager
def chromedriver(program: str) -> Iterator[httpx.Client]:
    """Start the driver on a free port; yields a client of it."""
    command = [program, "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            started = (re.search(r"started successfully on port (\d+)", line) for line in process.stdout)
            port = next(match[1] for match in started if match)
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url, timeout=60, verify=False, trust_env=False) as client:
                yield client
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def browser(client: httpx.Client, chromium: str, profile: Path, *flags: str) -> Iterator[Browser]:
    """Start a browser with a profile of its own."""
    options = {"binary": chromium, "args": [*_FLAGS, *flags, f"--user-data-dir={profile}"]}
    wanted = {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL"},
        "timeouts": {"script": _PATIENCE_S * 1000},
    }
    answer = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
    session = _value(answer)["sessionId"]
    try:
        yield Browser(client, session)
    finally:
        client.delete(f"/session/{session}")
