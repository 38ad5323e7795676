"""A server and a browser for each test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser.webdriver import Browser, browser, chromedriver
from fakes.running_api import RunningApi, running_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    with running_api(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or program is None:
        missing = "Chromium and its driver are not installed; run `make test-deps`."
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with (
        chromedriver(driver) as client,
        browser(client, program, tmp_path_factory.mktemp("profile")) as window,
    ):
        yield window


@pytest.fixture
def page(chromium: Browser) -> Iterator[Browser]:
    """A new tab; whatever a test does, the page must keep to its own content policy."""
    with chromium.new_tab():
        yield chromium
        complaints = chromium.console()
    signs = ("Content Security Policy", "Uncaught", "TrustedHTML", "TrustedScript")
    assert not [text for text in complaints if any(sign in text for sign in signs)]
