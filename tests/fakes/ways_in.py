"""Every way to prove something to the server, each with somebody who does it wrong and then right."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from fakes.people import Person, Town, new_network, passkey_answer
from fakes.running_api import PASSWORD
from fakes.visitor import Json, Visitor
from securevision.access.roles import PROGRAM_SCOPES
from securevision.api.cookies import SESSION_COOKIE
from securevision.api.credentials import PROTOCOL
from securevision.domain.accounts import Purpose

NEW_PASSWORD = "seven violet umbrellas under water"


@dataclass(frozen=True)
class Answer:
    """As far as it matters here."""

    status: int
    retry_after: str | None = None
    gives_session: bool = False


@dataclass(frozen=True, kw_only=True)
class Try:
    """Somebody at one door, with something wrong and with something right."""

    path: str
    """As the log calls it."""
    network: str
    wrong: Callable[[], Answer]
    right: Callable[[], Answer]
    actor: str = "unknown"
    failed: str = "login.failed"
    refused: int = 401
    let_in: int = 200
    done: tuple[str, str, dict[str, str]] | None
    """Who did what, when it was right."""

    @property
    def of_program(self) -> bool:
        return self.path in ("token", "ticket")


def send(browser: Visitor, door: str, body: Json, method: str = "POST") -> Answer:
    answer = browser.send(method, f"/api/v1/{door}", body)
    cookies = [cookie.partition("=")[0] for cookie in browser.set_cookies]
    return Answer(answer.status_code, answer.headers.get("Retry-After"), SESSION_COOKIE in cookies)


def at_login(
    who: Person,
    browser: Visitor,
    door: str,
    *,
    path: str,
    wrong: Callable[[], Json],
    right: Callable[[], Json],
) -> Try:
    return Try(
        path=path,
        network=browser.network or "",
        actor=f"user:{who.id}",
        wrong=lambda: send(browser, door, wrong()),
        right=lambda: send(browser, door, right()),
        done=(f"user:{who.id}", "login.succeeded", {"factor": path}),
    )


def by_password(town: Town) -> Try:
    ada = town.person()
    body = {"name": ada.name, "password": PASSWORD}
    return at_login(
        ada, ada.browser, "login", path="password", wrong=lambda: body | {"password": "x"}, right=lambda: body
    )


def by_app(town: Town) -> Try:
    ada, half = town.with_totp(), town.visitor()
    ada.gives_password(half)
    town.api.clock.advance(30)  # the code of before set the app up
    return at_login(
        ada,
        half,
        "login/totp",
        path="totp",
        wrong=lambda: {"code": ada.wrong_code()},
        right=lambda: {"code": ada.code()},
    )


def by_recovery_code(town: Town) -> Try:
    ada, half = town.with_totp(), town.visitor()
    ada.gives_password(half)
    codes = iter(ada.recovery_codes)
    return at_login(
        ada,
        half,
        "login/recovery-code",
        path="recovery_code",
        wrong=lambda: {"code": "x"},
        right=lambda: {"code": next(codes)},
    )


def by_passkey(town: Town) -> Try:
    ada, browser = town.with_passkey(), town.visitor()
    assert ada.passkey is not None
    made_up = ada.passkey.get({"challenge": "A" * 43, "rpId": "localhost"})
    wrong, right = {"credential": made_up}, {"credential": passkey_answer(browser, ada.passkey)}
    return at_login(ada, browser, "login/passkey", path="passkey", wrong=lambda: wrong, right=lambda: right)


def again(town: Town, ada: Person, wrong: Json, right: Callable[[], Json]) -> Try:
    door = "session/step-up"
    return Try(
        path="step_up",
        network=ada.browser.network or "",
        actor=f"user:{ada.id}",
        failed="step_up.failed",
        wrong=lambda: send(ada.browser, door, wrong),
        right=lambda: send(ada.browser, door, right()),
        let_in=204,
        done=(f"user:{ada.id}", "step_up.succeeded", {}),
    )


def again_by_code(town: Town) -> Try:
    ada = town.with_totp()
    town.api.clock.advance(30)
    wrong = {"password": PASSWORD, "code": "x"}
    return again(town, ada, wrong, lambda: {"password": PASSWORD, "code": ada.code()})


def again_by_passkey(town: Town) -> Try:
    ada = town.with_passkey()
    assert ada.passkey is not None
    options = ada.browser.post("/api/v1/session/step-up/passkey-options").json()["publicKey"]
    wrong, right = (ada.passkey.get(options | more) for more in ({"challenge": "A" * 43}, {}))
    return again(town, ada, {"credential": wrong}, lambda: {"credential": right})


def own_password(town: Town) -> Try:
    ada, door = town.signed_in(), "account/password"
    body = {"current": PASSWORD, "new": NEW_PASSWORD}
    started = again(town, ada, {}, dict)
    return replace(
        started,
        wrong=lambda: send(ada.browser, door, body | {"current": "wrong"}, "PUT"),
        right=lambda: send(ada.browser, door, body, "PUT"),
        done=(f"user:{ada.id}", "password.changed", {}),
    )


def by_link(town: Town, browser: Visitor, path: str, code: str, **more: str) -> Try:
    return Try(
        path=path,
        network=browser.network or "",
        wrong=lambda: send(browser, path, {"code": "x", **more}),
        right=lambda: send(browser, path, {"code": code, **more}),
        done=None,
    )


def set_up(town: Town) -> Try:
    # From this machine itself. There is somebody already, so that the right code is not enough.
    browser, code = town.api.visitor("127.0.0.9"), town.api.link_code(Purpose.SETUP)
    started = by_link(town, browser, "setup", code, name="Eve", password=NEW_PASSWORD)
    return replace(started, let_in=409)


def invitation(town: Town) -> Try:
    ada = town.person()
    code = town.api.link_code(Purpose.INVITATION, str(ada.id))
    started = by_link(town, ada.browser, "invitation", code, password=NEW_PASSWORD)
    done = (f"user:{ada.id}", "password.changed", {"by": "invitation"})
    return replace(started, let_in=204, done=done)


def display_link(town: Town) -> Try:
    ada = town.signed_in()
    made = ada.browser.post("/api/v1/tokens", {"name": "hall", "kind": "display"}).json()
    started = by_link(town, town.visitor(), "display", made["link"].partition("#code=")[2])
    return replace(started, done=(f"display:{made['id']}", "display.opened", {}))


def by_token(town: Town) -> Try:
    ada, network = town.person(), new_network()
    secret = town.api.token(ada.user, PROGRAM_SCOPES)
    (token,) = town.api.access.tokens.all(ada.id)

    def ask(bearer: str) -> Answer:
        with town.api.client(bearer) as client:
            answer = client.get("/api/v1/events", headers={"X-Forwarded-For": network})
            return Answer(answer.status_code, answer.headers.get("Retry-After"))

    return Try(
        path="token",
        network=network,
        failed="token.refused",
        wrong=lambda: ask("sv_pat_" + "A" * 51),
        right=lambda: ask(secret),
        done=(f"token:{token.id}", "events.viewed", {}),
    )


def by_ticket(town: Town) -> Try:
    ada, network = town.signed_in(), new_network()
    # Each opens one stream, and lasts for 30 seconds.
    tickets = [town.api.ticket(ada.browser) for _ in range(3)]

    def opens(ticket: str) -> Answer:
        named = [Subprotocol(PROTOCOL), Subprotocol(f"ticket.{ticket}")]
        headers = {"X-Forwarded-For": network}
        try:
            with connect(f"ws://{town.api.host}/stream", additional_headers=headers, subprotocols=named):
                return Answer(101)
        except InvalidStatus as refused:
            response = refused.response
            return Answer(response.status_code, response.headers.get("Retry-After"))

    return Try(
        path="ticket",
        network=network,
        failed="token.refused",
        wrong=lambda: opens("x"),
        right=lambda: opens(tickets.pop()),
        let_in=101,
        done=(f"user:{ada.id}", "stream.opened", {}),
    )


WAYS: dict[str, Callable[[Town], Try]] = {
    "password": by_password,
    "authenticator app": by_app,
    "recovery code": by_recovery_code,
    "passkey": by_passkey,
    "step-up by password": lambda town: again(
        town, town.signed_in(), {"password": "wrong"}, lambda: {"password": PASSWORD}
    ),
    "step-up by code": again_by_code,
    "step-up by passkey": again_by_passkey,
    "own password": own_password,
    "set-up link": set_up,
    "invitation": invitation,
    "display link": display_link,
    "token": by_token,
    "ticket": by_ticket,
}
