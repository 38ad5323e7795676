"""People who sign in over HTTP, each with an address, a browser, an authenticator app and a passkey of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from itertools import count
from pathlib import Path

import httpx
import pyotp

from fakes.authenticator import SoftAuthenticator
from fakes.passwords import CountingPasswords
from fakes.running_api import PASSWORD, RunningApi, running_api
from fakes.visitor import Json, Visitor
from securevision.api.client_address import ClientAddress
from securevision.api.services import ApiServices
from securevision.domain.accounts import User
from securevision.domain.audit import AuditRecord
from securevision.domain.rights import ALL_CAMERAS, Cameras, Role

STEP_MS = 30_000
HOUR_S = 60 * 60
_NUMBERS = count(1)


def new_network() -> str:
    """Return an address that nobody had before."""
    number = next(_NUMBERS)
    return f"198.18.{number // 250}.{number % 250 + 1}"


@dataclass(kw_only=True)
class Person:
    """Somebody with an account and PASSWORD."""

    api: RunningApi
    id: int
    name: str
    browser: Visitor
    seed: str = field(default="", repr=False)
    """Of the authenticator app."""
    passkey: SoftAuthenticator | None = None
    recovery_codes: list[str] = field(default_factory=list, repr=False)

    @property
    def user(self) -> User:
        """What the server has of them now."""
        user = self.api.access.users.get(self.id)
        assert user is not None
        return user

    def code(self, *, steps_ago: int = 0) -> str:
        """Return what the authenticator app shows, or showed."""
        return pyotp.TOTP(self.seed).generate_otp(self.api.clock.now_ms() // STEP_MS - steps_ago)

    def new_code(self) -> str:
        """Wait until the app shows the next code, and return it."""
        self.api.clock.advance(STEP_MS / 1000)
        return self.code()

    def wrong_code(self) -> str:
        """Return a code that is none of those which are right now."""
        right = {self.code(steps_ago=steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)

    def gives_password(self, browser: Visitor | None = None, password: str = PASSWORD) -> httpx.Response:
        """Take the first step, by default in their own browser."""
        return give_password(browser or self.browser, self.name, password)

    def gives_code(self, code: str, browser: Visitor | None = None) -> httpx.Response:
        """Take the second step with the authenticator app."""
        return (browser or self.browser).post("/api/v1/login/totp", {"code": code})

    def gives_recovery_code(self, code: str, browser: Visitor | None = None) -> httpx.Response:
        """Take the second step with a recovery code."""
        return (browser or self.browser).post("/api/v1/login/recovery-code", {"code": code})

    def gives_passkey(
        self, browser: Visitor | None = None, passkey: SoftAuthenticator | None = None
    ) -> httpx.Response:
        """Sign in with a passkey, by default their own."""
        browser = browser or self.browser
        credential = passkey_answer(browser, passkey or self._passkey)
        return browser.post("/api/v1/login/passkey", {"credential": credential})

    def signs_in(self, browser: Visitor | None = None) -> Visitor:
        """Go all the way with what they have, and return the browser."""
        browser = browser or self.browser
        step = self.gives_password(browser)
        if step.json()["next"] == "second_factor":
            step = self.gives_code(self.new_code(), browser) if self.seed else self.gives_passkey(browser)
        assert step.status_code == 200, step.text
        assert step.json()["next"] == "done"
        return browser

    def steps_up(self, **proof: Json) -> httpx.Response:
        """Prove again who they are."""
        return self.browser.post("/api/v1/session/step-up", proof)

    def steps_up_by_passkey(self, passkey: SoftAuthenticator | None = None) -> httpx.Response:
        """Do it with a passkey, by default their own."""
        options = self.browser.post("/api/v1/session/step-up/passkey-options").json()["publicKey"]
        return self.steps_up(credential=(passkey or self._passkey).get(options))

    def adds_totp(self) -> httpx.Response:
        """Set up an authenticator app in their browser, which must be allowed to."""
        started = self.browser.post("/api/v1/account/totp")
        assert started.status_code == 200, started.text
        self.seed = started.json()["seed"]
        return self._with_codes(self.browser.send("PUT", "/api/v1/account/totp", {"code": self.new_code()}))

    def adds_passkey(self, passkey: SoftAuthenticator | None = None) -> httpx.Response:
        """Make a passkey in their browser, which must be allowed to."""
        self.passkey = passkey or SoftAuthenticator(self.api.origin)
        options = self.browser.post("/api/v1/account/passkeys/options").json()["publicKey"]
        body = {"name": "phone", "credential": self.passkey.create(options)}
        return self._with_codes(self.browser.post("/api/v1/account/passkeys", body))

    @property
    def _passkey(self) -> SoftAuthenticator:
        assert self.passkey is not None
        return self.passkey

    def _with_codes(self, added: httpx.Response) -> httpx.Response:
        if added.is_success:
            self.recovery_codes = added.json()["recovery_codes"] or self.recovery_codes
        return added


def give_password(browser: Visitor, name: str, password: str = PASSWORD) -> httpx.Response:
    return browser.post("/api/v1/login", {"name": name, "password": password})


def passkey_answer(browser: Visitor, passkey: SoftAuthenticator) -> Json:
    """Ask to sign in with a passkey and return what the browser answers."""
    asked = browser.post("/api/v1/login/passkey-options")
    assert asked.status_code == 200, asked.text
    return passkey.get(asked.json()["publicKey"])


@dataclass(kw_only=True)
class Town:
    """A server that trusts a proxy, so that everybody can have an address of their own."""

    api: RunningApi
    passwords: CountingPasswords

    def visitor(self) -> Visitor:
        """Return a browser at a new address."""
        return self.api.visitor(new_network())

    def person(self, role: Role = Role.VIEWER, cameras: Cameras = ALL_CAMERAS) -> Person:
        """Make somebody who has not signed in."""
        user = self.api.add_user(f"Person {next(_NUMBERS)}", role, cameras)
        return Person(api=self.api, id=user.id, name=user.name, browser=self.visitor())

    def signed_in(self, role: Role = Role.VIEWER, cameras: Cameras = ALL_CAMERAS) -> Person:
        """Make somebody who has just signed in; only who must has a second factor, an authenticator app."""
        person = self.person(role, cameras)
        if person.gives_password().json()["next"] == "enrol_factor":
            assert person.adds_totp().status_code == 200
        return person

    def with_totp(self, role: Role = Role.VIEWER) -> Person:
        """Make somebody with an authenticator app, who is signed in."""
        person = self.signed_in(role)
        assert person.seed or person.adds_totp().status_code == 200
        return person

    def with_passkey(self, passkey: SoftAuthenticator | None = None) -> Person:
        """Make somebody with a passkey, who is signed in."""
        person = self.signed_in()
        assert person.adds_passkey(passkey).status_code == 201
        return person

    def entries(self, actor: str | None = None) -> list[AuditRecord]:
        """Return the audit log, oldest entry first; of one actor if given."""
        self.api.audit.log.flush_repeats()
        newest_first = self.api.access.audit_log.page(None, 100_000).records
        return [entry for entry in reversed(newest_first) if actor in (None, entry.actor)]


@contextmanager
def town(
    folder: Path, adapt: Callable[[ApiServices], ApiServices] = lambda services: services
) -> Iterator[Town]:
    """Run its server; `adapt` may replace any part."""
    counting: list[CountingPasswords] = []

    def adapted(services: ApiServices) -> ApiServices:
        counting.append(CountingPasswords(services.access.passwords))
        return adapt(
            replace(
                services,
                client_address=ClientAddress([ip_network("127.0.0.1/32")]),
                access=replace(services.access, passwords=counting[0]),
            )
        )

    with running_api(folder, adapt=adapted) as api:
        yield Town(api=api, passwords=counting[0])
