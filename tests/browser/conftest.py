"""A server and a browser for each test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from browser.webdriver import Browser, browser, chromedriver
from fakes.running_api import RunningApi, running_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    with running_api(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def driver() -> Iterator[tuple[httpx.Client, str]]:
    """The driver, and the browser that it drives."""
    program, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if program is None or chromium is None:
        missing = "Chromium and its driver are not installed; run `make test-deps`."
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with chromedriver(program) as client:
        yield client, chromium


@pytest.fixture
def page(driver: tuple[httpx.Client, str], tmp_path: Path) -> Iterator[Browser]:
    """A browser window; whatever a test does, the page must keep to its own content policy."""
    with browser(*driver, tmp_path / "profile") as window:
        yield window
        complaints = window.console()
    assert not [text for text in complaints if "Content Security Policy" in text or "Uncaught" in text]
    assert not [text for text in complaints if "TrustedHTML" in text or "TrustedScript" in text]
