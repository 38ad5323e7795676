"""A server and a browser for each test."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from browser.webdriver import Browser, browser, chromedriver
from fakes.running_api import RunningApi, running_api

StartBrowser = Callable[..., AbstractContextManager[Browser]]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    with running_api(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def driver() -> Iterator[httpx.Client]:
    program = shutil.which("chromedriver")
    if program is None or shutil.which("chromium") is None:
        missing = "Chromium and its driver are not installed; run `make test-deps`."
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with chromedriver(program) as client:
        yield client


@pytest.fixture(scope="session")
def start_browser(driver: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> StartBrowser:
    """Return what starts a browser of one's own, with the flags it is given."""

    def start(*flags: str) -> AbstractContextManager[Browser]:
        return browser(driver, shutil.which("chromium") or "", tmp_path_factory.mktemp("profile"), *flags)

    return start


@pytest.fixture(scope="session")
def chromium(start_browser: StartBrowser) -> Iterator[Browser]:
    with start_browser() as window:
        yield window


@pytest.fixture
def page(chromium: Browser) -> Iterator[Browser]:
    """A new tab; whatever a test does, the page must keep to its own content policy."""
    with chromium.new_tab():
        yield chromium
        complaints = chromium.console()
    signs = ("Content Security Policy", "Uncaught", "TrustedHTML", "TrustedScript")
    assert not [text for text in complaints if any(sign in text for sign in signs)]
