"""docs/SECURITY.md is true line by line: its claims name tests that exist, its numbers are those of the code."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from securevision.access import lifetimes
from securevision.access.decisions import STEP_UP_MS
from securevision.access.delays import RULES
from securevision.access.tokens import RECOVERY_CODES
from securevision.api import connections, guard, live, server, sockets
from securevision.api.routes.stream import MAX_OF_ONE, MAX_SOCKETS
from securevision.incidents import plate_lists
from securevision.recognition import images
from securevision.settings import PREFIX, setting_names
from securevision.store import factors, sessions, tokens, users
from securevision.store.throttle import SqlRequestThrottle
from securevision.vault import issuing, password_strength
from securevision.vault.passwords import Argon2Cost

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/SECURITY.md").read_text()
TEST_NAME = re.compile(r"`(tests/[^`]+)`")


def sections(level: str) -> Mapping[str, str]:
    """Return the text under each heading of that level, up to the next heading of it."""
    parts = re.split(rf"^{level} (.+)\n", TEXT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


CLAIMS = {
    match[1]: match[2]
    for match in re.finditer(r"^## (.+)\n((?:(?!^## ).*\n?)*)", sections("#")["Claims"], flags=re.MULTILINE)
}


def claims() -> Iterator[tuple[str, str]]:
    for title, text in CLAIMS.items():
        for claim in re.split(r"^- ", text, flags=re.MULTILINE)[1:]:
            yield title, claim


def test_every_part_of_the_policy_is_there() -> None:
    assert list(CLAIMS) == [
        "First run",
        "People",
        "Second factors",
        "Programs",
        "WebSocket",
        "Throttling",
        "HTTPS",
        "Audit log",
        "The decision point",
        "Input",
        "Keys",
    ]
    assert all(text.strip().startswith("- ") for text in CLAIMS.values())


@pytest.mark.parametrize("claim", [claim for _, claim in claims()], ids=lambda claim: claim[:60])
def test_every_claim_names_tests_that_exist(claim: str, test_names: frozenset[str]) -> None:
    named = TEST_NAME.findall(claim)
    assert named, "the claim names no test"
    assert [name for name in named if name not in test_names] == []
    assert len(TEST_NAME.sub("", claim).split()) > 3, "the claim says nothing"


def test_no_text_between_the_claims_claims_anything() -> None:
    for text in CLAIMS.values():
        lines = [line for line in text.splitlines() if line.strip()]
        assert [line for line in lines if not line.startswith(("- ", "  "))] == []


def _default(name: str) -> int:
    return int(inspect.signature(SqlRequestThrottle).parameters[name].default)


def _numbers() -> Iterator[tuple[str, str]]:
    minute, day = 60_000, 86_400_000
    yield "a session that nobody uses ends after", f"{lifetimes.IDLE_MS // minute} min"
    yield "a session ends in any case after", f"{lifetimes.ABSOLUTE_MS // (60 * minute)} h"
    yield (
        "time for the second step of a sign-in, or to set up a factor",
        f"{lifetimes.HALF_SIGNED_IN_MS // minute} min",
    )
    yield "a set-up link, an invitation, a display's link lives", f"{lifetimes.LINK_MS // minute} min"
    yield "a ticket for a WebSocket lives", f"{lifetimes.TICKET_MS // 1000} s"
    yield "a passkey challenge lives", f"{lifetimes.CHALLENGE_MS // minute} min"
    yield "a step-up holds", f"{STEP_UP_MS // minute} min"
    yield "a browser is known again for", f"{lifetimes.DEVICE_MS // day} days"
    yield "a display shows a picture for", f"{lifetimes.LIVE_CROP_MS // minute} min"
    yield "sessions of a user, the one used longest ago ends", str(sessions.MAX_SESSIONS)
    yield "tokens of a user", str(tokens.MAX_TOKENS)
    yield "passkeys of a user", str(factors.MAX_PASSKEYS)
    yield "known browsers of a user", str(users.MAX_DEVICES)
    yield "recovery codes", str(RECOVERY_CODES)
    yield "a token lives at most", f"{lifetimes.LONGEST_TOKEN_DAYS} days"
    yield "a password has at least", f"{password_strength.MIN_LENGTH} characters"
    yield "a password has at most", f"{password_strength.MAX_LENGTH} characters"
    yield "Argon2id memory", f"{Argon2Cost().memory_kib // 1024} MiB"
    yield "Argon2id passes", str(Argon2Cost().iterations)
    yield "a body of a request", f"{guard.MAX_BODY_BYTES // 1024} KiB"
    yield "line and header fields of a request", f"{server.MAX_HEADER_BYTES // 1024} KiB"
    yield "header fields of a request", str(guard.MAX_HEADERS)
    yield "a message of a WebSocket client", f"{server.MAX_MESSAGE_BYTES // 1024} KiB"
    yield "messages of a WebSocket client a second", str(sockets.MESSAGES_PER_SECOND)
    yield "events that wait for a slow WebSocket client", str(live.MAX_WAITING)
    yield "WebSockets at once", str(MAX_SOCKETS)
    yield "WebSockets at once of one user, token or screen", str(MAX_OF_ONE)
    yield "connections at once", str(connections.MAX_CONNECTIONS)
    yield "connections at once of one network", str(connections.MAX_OF_A_NETWORK)
    yield "a first request comes within", f"{connections.FIRST_REQUEST_WITHIN_S:.0f} s"
    yield "requests a minute of a principal", str(_default("principal_limit"))
    yield "requests a minute of a network that proved nothing", str(_default("network_limit"))
    yield "the local authority lives", f"{issuing.AUTHORITY_LIFE.days} days"
    yield "a local server certificate lives", f"{issuing.SERVER_LIFE.days} days"
    yield "a photo to enrol has at most", f"{images.MAX_BYTES // 2**20} MiB"
    yield "a photo to enrol has at most", f"{images.MAX_PIXELS // 10**6} megapixels"
    yield "a plate list has at most", f"{plate_lists.MAX_BYTES // 2**20} MiB"
    yield "a plate list has at most", f"{plate_lists.MAX_PLATES} plates"


def test_the_numbers_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \|$", sections("##")["Numbers"], flags=re.MULTILINE)[1:]
    assert sorted(rows) == sorted(_numbers())


def test_the_limits_of_guessing_are_the_rules() -> None:
    rows = re.findall(
        r"^\| (\w+) \| .+ \| (\d+) \| (\d+) s \| (\d+) s \|$",
        sections("##")["Limits of guessing"],
        flags=re.MULTILINE,
    )
    assert rows == [
        (kind.value, str(rule.first_delay_at), str(rule.longest_s), str(rule.forgets_every_s))
        for kind, rule in RULES.items()
    ]


def test_the_words_that_no_password_may_be_are_named() -> None:
    text = sections("##")["Passwords"]
    assert [word for word in password_strength._PRODUCT if f"`{word}`" not in text] == []


def test_every_setting_that_is_named_exists() -> None:
    known = {PREFIX + name for name, _ in setting_names()}
    named = set(re.findall(r"`(SECUREVISION__[A-Z_]+)", TEXT))
    assert named
    assert named <= known


CRYPTOGRAPHY = {"hashlib", "hmac", "ssl", "secrets", "cryptography", "argon2", "pyotp", "webauthn"}


def _imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    taken = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in plain | taken}


def test_the_inventory_names_every_file_that_uses_cryptography() -> None:
    package = ROOT / "src/securevision"
    users_ = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if _imports(path) & CRYPTOGRAPHY
    }
    listed = sections("##")["Keys and algorithms"].partition("nowhere else")[2]
    assert set(re.findall(r"`([a-z_/]+\.py)`", listed)) == users_


def test_risky_components_live_in_the_rooms_that_are_named() -> None:
    package = ROOT / "src/securevision"
    rooms = {
        path.relative_to(package).parts[0]
        for path in package.rglob("*.py")
        if _imports(path) & {"av", "onnxruntime"}
    }
    text = sections("##")["Dependencies and updates"]
    assert rooms == {"cameras", "footage", "recognition"}
    assert all(f"`{room}/`" in text for room in rooms)
    pinned = (ROOT / "requirements/runtime.txt").read_text()
    for component in ("av", "opencv-python-headless", "onnxruntime", "cryptography"):
        assert f"`{component}`" in text
        assert f"\n{component}==" in pinned


DOCUMENTS = [ROOT / "docs" / name for name in ("SECURITY.md", "threat-model.md", "asvs.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_and_file_that_is_named_exists(document: Path) -> None:
    text = document.read_text()
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith("https://"):
            assert (document.parent / target).resolve().exists(), target
    for anchor in re.findall(r"\]\(#([^)]+)\)", text):
        headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
        assert anchor in {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}
    for name in re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|toml))`", text):
        if not name.startswith("tests/"):
            assert (ROOT / "src/securevision" / name).exists(), name
