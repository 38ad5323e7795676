"""One's own password, second factors and recovery codes, and how long a proof of who one is counts."""

import re
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pyotp
import pytest

from fakes.authenticator import USER_PRESENT, SoftAuthenticator
from fakes.people import Person, Town
from fakes.people import town as running_town
from fakes.running_api import PASSWORD
from fakes.visitor import Json, Visitor
from securevision.api.cookies import SESSION_COOKIE
from securevision.api.services import ApiServices
from securevision.domain.rights import Role
from securevision.vault.passkeys import Passkeys

NEW_PASSWORD = "seven violet umbrellas under water"
MINUTES = 60
STEP_UP_S = 5 * MINUTES
WRONG_KEY = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}

OPEN_FOR_FIVE_MINUTES: tuple[tuple[str, str, Json], ...] = (
    ("POST", "/api/v1/account/totp", None),
    ("PUT", "/api/v1/account/totp", {"code": "000000"}),
    ("POST", "/api/v1/account/passkeys/options", None),
    ("POST", "/api/v1/account/passkeys", {"name": "x", "credential": WRONG_KEY}),
    ("DELETE", "/api/v1/account/totp", None),
    ("DELETE", "/api/v1/account/passkeys/1", None),
    ("POST", "/api/v1/account/recovery-codes", None),
)
TO_ADD_A_FACTOR = [(method, path) for method, path, _ in OPEN_FOR_FIVE_MINUTES[:4]]
ALWAYS_OPEN: tuple[tuple[str, str, Json], ...] = (
    ("GET", "/api/v1/account/passkeys", None),
    ("PUT", "/api/v1/account/password", {"current": PASSWORD, "new": NEW_PASSWORD}),
)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A server where everybody needs a second factor, at an address where browsers accept no passkey."""

    def adapt(services: ApiServices) -> ApiServices:
        passkeys = Passkeys("https://192.168.1.5:8443")
        access = replace(services.access, factor_for_everyone=True, passkeys=passkeys)
        return replace(services, access=access)

    with running_town(tmp_path_factory.mktemp("strict"), adapt) as running:
        yield running


def are_in(*browsers: Visitor) -> list[bool]:
    return [browser.get("/api/v1/session").is_success for browser in browsers]


def with_secret(town: Town, secret: str) -> Visitor:
    browser = town.visitor()
    browser.cookies[SESSION_COOKIE] = secret
    return browser


def account(person: Person, method: str, what: str, body: Json = None) -> httpx.Response:
    return person.browser.send(method, f"/api/v1/account/{what}", body)


def change_password(person: Person, current: str = PASSWORD, new: str = NEW_PASSWORD) -> httpx.Response:
    return account(person, "PUT", "password", {"current": current, "new": new})


def confirms_totp(person: Person, code: str) -> httpx.Response:
    return account(person, "PUT", "totp", {"code": code})


def remove(person: Person, what: str) -> httpx.Response:
    return account(person, "DELETE", what)


def adds(person: Person, credential: Json, name: str = "key") -> httpx.Response:
    return account(person, "POST", "passkeys", {"name": name, "credential": credential})


def starts_totp(person: Person) -> str:
    return str(account(person, "POST", "totp").json()["seed"])


def passkeys(person: Person) -> list[dict[str, Json]]:
    return list(account(person, "GET", "passkeys").json()["passkeys"])


def registration(person: Person) -> dict[str, Json]:
    return dict(account(person, "POST", "passkeys/options").json()["publicKey"])


def logged(person: Person, town: Town) -> list[tuple[str, dict[str, str]]]:
    """Return what the log says that they changed about themselves in their browser, each with its details."""
    done = []
    for entry in town.entries(f"user:{person.id}"):
        if entry.action.startswith(("password", "factor", "recovery_codes")):
            assert (entry.target, entry.outcome) == (f"user:{person.id}", "ok")
            assert entry.personal == {"actor_name": person.name, "network": person.browser.network}
            done.append((entry.action, dict(entry.details)))
    return done


# The password


def test_a_new_password_needs_the_present_one_and_ends_every_session_but_this(town: Town) -> None:
    ada = town.signed_in()
    elsewhere, before = ada.signs_in(town.visitor()), ada.browser.session_secret
    kept = ada.user.password_hash
    refused = change_password(ada, current=PASSWORD + "!")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert change_password(ada, current="").status_code == 422
    for weak in ("short", "password1234567", ada.name * 3, "x" * 257):
        assert change_password(ada, new=weak).status_code == 400
    assert ada.user.password_hash == kept
    assert are_in(ada.browser, elsewhere) == [True, True]

    changed = change_password(ada)
    assert (changed.status_code, changed.content) == (204, b"")
    assert are_in(ada.browser, elsewhere, with_secret(town, before)) == [True, False, False]
    assert ada.gives_password(town.visitor()).status_code == 401
    assert ada.gives_password(town.visitor(), NEW_PASSWORD).status_code == 200
    assert logged(ada, town) == [("password.changed", {})]


def test_guesses_at_ones_own_password_and_code_have_to_wait(town: Town) -> None:
    for what, body in (("password", {"current": "wrong", "new": NEW_PASSWORD}), ("totp", {"code": "1"})):
        ada = town.signed_in()
        starts_totp(ada)
        town.passwords.taken()
        assert {account(ada, "PUT", what, body).status_code for _ in range(5)} <= {400, 401}
        assert town.passwords.taken() in (0, 5)
        waiting = [account(ada, "PUT", what, body), change_password(ada), ada.steps_up(password=PASSWORD)]
        for refused in waiting:
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert town.passwords.taken() == 0
        town.api.clock.advance(1)
        assert change_password(ada).status_code == 204


def test_neither_a_new_password_nor_a_new_factor_is_a_step_up(town: Town) -> None:
    ada = town.signed_in()
    town.api.clock.advance(STEP_UP_S - 1)
    assert change_password(ada).status_code == 204
    assert adds(ada, SoftAuthenticator(town.api.origin).create(registration(ada))).status_code == 201
    assert ada.browser.get("/api/v1/session").json()["step_up_left"] == 1
    town.api.clock.advance(1)
    assert account(ada, "POST", "totp").json()["code"] == "step_up_required"


# Proving it again


def test_a_proof_counts_for_five_minutes(town: Town) -> None:
    ada = town.signed_in()
    for _ in range(2):
        town.api.clock.advance(STEP_UP_S - 0.001)
        for method, path, body in OPEN_FOR_FIVE_MINUTES:
            assert ada.browser.send(method, path, body).status_code in (200, 204, 400, 404, 409), path
        town.api.clock.advance(0.001)
        for method, path, body in OPEN_FOR_FIVE_MINUTES:
            refused = ada.browser.send(method, path, body)
            assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required"), path
        assert ada.steps_up(password="wrong").status_code == 401
        assert account(ada, "POST", "totp").status_code == 403
        assert ada.steps_up(password=PASSWORD).status_code == 204
        assert ada.browser.get("/api/v1/session").json()["step_up_left"] == STEP_UP_S
    town.api.clock.advance(STEP_UP_S)
    for method, path, body in ALWAYS_OPEN:
        assert ada.browser.send(method, path, body).is_success, path


def test_whoever_has_a_factor_shows_it_each_time(town: Town) -> None:
    ada, eve = town.with_totp(), town.with_passkey()
    assert ada.adds_passkey().status_code == 201
    town.api.clock.advance(STEP_UP_S)
    wrong: list[dict[str, Json]] = [
        {},
        {"password": PASSWORD},
        {"code": ada.new_code()},
        {"password": PASSWORD, "code": ada.wrong_code()},
        {"password": "wrong", "code": ada.code()},
        {"password": "wrong", "code": ada.recovery_codes[0]},
        {"password": PASSWORD, "code": eve.recovery_codes[0]},
    ]
    for proof in wrong:
        assert ada.steps_up(**proof).status_code == 401
        town.api.clock.advance(15 * MINUTES)
    # Both are theirs, but each for another question.
    assert ada.steps_up_by_passkey(eve.passkey).status_code == 401
    asked = town.visitor().post("/api/v1/login/passkey-options").json()["publicKey"]
    assert ada.passkey is not None
    assert ada.steps_up(credential=ada.passkey.get(asked)).status_code == 401
    assert ada.user.recovery_codes == 10
    assert ada.browser.get("/api/v1/session").json()["step_up_left"] == 0

    for right in (ada.new_code(), ada.recovery_codes[0], None):
        proved = ada.steps_up(password=PASSWORD, code=right) if right else ada.steps_up_by_passkey()
        assert proved.status_code == 204
        assert ada.browser.get("/api/v1/session").json()["step_up_left"] == STEP_UP_S
        town.api.clock.advance(STEP_UP_S)
    assert ada.user.recovery_codes == 9
    done = [entry.action for entry in town.entries(f"user:{ada.id}") if "step_up" in entry.action]
    assert done == ["step_up.failed"] * 9 + ["step_up.succeeded"] * 3


def test_whoever_is_half_signed_in_changes_nothing(town: Town) -> None:
    ada, boss = town.with_totp(), town.person(Role.ADMIN)
    half = town.visitor()
    assert ada.gives_password(half).json()["next"] == "second_factor"
    assert boss.gives_password().json()["next"] == "enrol_factor"
    before = ada.user
    for method, path, body in (*OPEN_FOR_FIVE_MINUTES, *ALWAYS_OPEN):
        assert half.send(method, path, body).json()["code"] == "forbidden", path
        if (method, path) not in TO_ADD_A_FACTOR:
            assert boss.browser.send(method, path, body).json()["code"] == "forbidden", path
    assert (ada.user, boss.user.has_factor) == (before, False)
    # Setting one up is all that is open, and then everything is.
    assert boss.adds_totp().status_code == 200
    assert boss.browser.get("/api/v1/account/passkeys").status_code == 200


# An authenticator app


def test_an_authenticator_app_counts_once_a_code_of_it_was_shown(town: Town) -> None:
    ada = town.signed_in()
    elsewhere, before = ada.signs_in(town.visitor()), ada.browser.session_secret
    shown = account(ada, "POST", "totp")
    ada.seed = shown.json()["seed"]
    in_the_app = pyotp.parse_uri(shown.json()["uri"])
    assert isinstance(in_the_app, pyotp.TOTP)
    assert (in_the_app.secret, in_the_app.name, in_the_app.issuer) == (ada.seed, ada.name, "SecureVision")
    assert shown.json()["qr_svg"].startswith("<svg")
    assert confirms_totp(ada, ada.wrong_code()).status_code == 400
    assert confirms_totp(ada, ada.code(steps_ago=2)).status_code == 400
    assert not ada.user.has_factor
    assert ada.gives_password(town.visitor()).json()["next"] == "done"

    answer = confirms_totp(ada, ada.code())
    codes = answer.json()["recovery_codes"]
    assert (answer.status_code, len(set(codes))) == (200, 10)
    assert (ada.user.has_totp, ada.user.recovery_codes) == (True, 10)
    assert are_in(ada.browser, elsewhere, with_secret(town, before)) == [True, True, False]
    assert ada.gives_password(town.visitor()).json()["next"] == "second_factor"
    assert logged(ada, town)[-2:] == [("factor.added", {"factor": "totp"}), ("recovery_codes.made", {})]
    # Neither is shown again, and the seed cannot be replaced under the same name.
    assert confirms_totp(ada, ada.new_code()).status_code == 409
    assert account(ada, "POST", "totp").status_code == 409
    for path in ("session", "sessions", "account/passkeys", "tokens"):
        text = ada.browser.get(f"/api/v1/{path}").text
        assert not any(secret in text for secret in (ada.seed, *codes))


def test_a_new_seed_takes_the_place_of_one_that_was_never_confirmed(town: Town) -> None:
    ada = town.signed_in()
    assert confirms_totp(ada, "123456").status_code == 409
    first, second = starts_totp(ada), starts_totp(ada)
    assert first != second
    ada.seed = first
    assert confirms_totp(ada, ada.code()).status_code == 400
    ada.seed = second
    assert confirms_totp(ada, ada.code()).status_code == 200
    assert logged(ada, town)[0] == ("factor.added", {"factor": "totp"})


# Passkeys


def test_passkeys_are_made_listed_used_and_removed(town: Town) -> None:
    ada = town.signed_in()
    options = registration(ada)
    assert (options["rp"]["id"], options["user"]["name"]) == ("localhost", ada.name)
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert not options.get("excludeCredentials")
    made_ms = town.api.clock.now_ms()
    ada.passkey, before = SoftAuthenticator(town.api.origin), ada.browser.session_secret
    first = adds(ada, ada.passkey.create(options), "  phone\u202e ")
    assert (first.status_code, len(set(first.json()["recovery_codes"]))) == (201, 10)
    assert are_in(with_secret(town, before)) == [False]
    assert len(registration(ada)["excludeCredentials"]) == 1
    second = SoftAuthenticator(town.api.origin)
    # Those codes there are go on working.
    assert adds(ada, second.create(registration(ada))).json() == {"recovery_codes": []}

    town.api.clock.advance(MINUTES)
    assert ada.gives_passkey(town.visitor()).status_code == 200
    one, two = passkeys(ada)
    used_ms = made_ms + MINUTES * 1000
    assert one == {"id": one["id"], "name": "phone", "created_ms": made_ms, "last_used_ms": used_ms}
    assert (two["name"], two["last_used_ms"]) == ("key", None)

    assert remove(ada, f"passkeys/{one['id']}").status_code == 204
    assert (passkeys(ada), ada.user.recovery_codes) == ([two], 10)
    assert ada.gives_passkey(town.visitor()).status_code == 401
    assert ada.gives_passkey(town.visitor(), second).status_code == 200
    assert [remove(ada, f"passkeys/{two['id']}").status_code for _ in range(2)] == [204, 404]
    assert (passkeys(ada), ada.user.recovery_codes) == ([], 0)
    added, removed = ("factor.added", {"factor": "passkey"}), ("factor.removed", {"factor": "passkey"})
    codes = [("recovery_codes.made", {}), ("recovery_codes.made", {"count": "0"})]
    assert logged(ada, town) == [added, codes[0], added, removed, removed, codes[1]]


def test_a_passkey_answers_one_question_of_one_session_within_five_minutes(town: Town) -> None:
    ada, eve = town.signed_in(), town.signed_in()
    here, elsewhere = registration(ada), registration(eve)
    other = Person(api=town.api, id=ada.id, name=ada.name, browser=ada.signs_in(town.visitor()))
    new = SoftAuthenticator(town.api.origin)
    sign_in = ada.browser.post("/api/v1/session/step-up/passkey-options").json()["publicKey"]
    wrong = [
        new.create(here | {"challenge": elsewhere["challenge"]}),
        new.create(here | {"challenge": registration(other)["challenge"]}),
        new.create(here | {"challenge": sign_in["challenge"]}),
        new.create(here | {"challenge": "A" * 43}),
        SoftAuthenticator(town.api.origin, flags=USER_PRESENT).create(registration(ada)),
        WRONG_KEY,
    ]
    for credential in wrong:
        assert adds(ada, credential).status_code == 400
    late = registration(ada)
    town.api.clock.advance(5 * MINUTES)
    ada.steps_up(password=PASSWORD)
    eve.steps_up(password=PASSWORD)
    assert adds(ada, new.create(late)).status_code == 400
    assert (ada.user.has_factor, logged(ada, town)) == (False, [])

    answer = new.create(registration(ada))
    assert adds(ada, answer).status_code == 201
    assert adds(ada, answer).status_code == 400
    # One device is one account's.
    taken = replace(new, user_handle=None).create(registration(eve))
    assert (adds(eve, taken).status_code, eve.user.has_factor, len(passkeys(ada))) == (409, False, 1)


# The last factor, and recovery codes


def test_with_the_last_factor_the_recovery_codes_are_gone_for_good(town: Town) -> None:
    ada = town.with_totp()
    assert ada.adds_passkey().status_code == 201
    old = ada.recovery_codes
    assert remove(ada, "totp").status_code == 204
    assert (ada.user.has_totp, ada.user.recovery_codes) == (False, 10)
    (passkey,) = passkeys(ada)
    assert remove(ada, f"passkeys/{passkey['id']}").status_code == 204
    assert (ada.user.has_factor, ada.user.recovery_codes) == (False, 0)
    assert logged(ada, town)[-3:] == [
        ("factor.removed", {"factor": "totp"}),
        ("factor.removed", {"factor": "passkey"}),
        ("recovery_codes.made", {"count": "0"}),
    ]
    assert remove(ada, "totp").status_code == 404
    assert ada.gives_password(town.visitor()).json() == {"next": "done", "methods": []}
    assert ada.adds_totp().status_code == 200
    assert not set(old) & set(ada.recovery_codes)
    half = town.visitor()
    ada.gives_password(half)
    assert ada.gives_recovery_code(old[0], half).status_code == 401


def test_an_administrator_is_never_without_a_second_factor(town: Town) -> None:
    """There are other administrators here: this is not about the last one alone."""
    ada, _ = town.with_totp(Role.ADMIN), town.with_totp(Role.ADMIN)
    refused = remove(ada, "totp")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert ada.adds_passkey().status_code == 201
    (passkey,) = passkeys(ada)
    assert remove(ada, "totp").status_code == 204
    assert ada.user.recovery_codes == 10
    # A seed that was never confirmed is no factor.
    starts_totp(ada)
    assert remove(ada, f"passkeys/{passkey['id']}").status_code == 409
    assert ada.adds_totp().status_code == 200
    assert remove(ada, f"passkeys/{passkey['id']}").status_code == 204
    assert remove(ada, "totp").status_code == 409
    assert (ada.user.has_totp, ada.user.passkeys, ada.user.recovery_codes) == (True, 0, 10)
    removed = [details for action, details in logged(ada, town) if action == "factor.removed"]
    assert removed == [{"factor": "totp"}, {"factor": "passkey"}]


def test_where_everybody_needs_a_factor_nobody_removes_their_last(strict: Town) -> None:
    ada = strict.with_totp()
    assert ada.browser.get("/api/v1/session").json()["factors"] == {
        "totp": True,
        "passkeys": 0,
        "recovery_codes": 10,
        "required": True,
        "passkeys_offered": False,
    }
    assert remove(ada, "totp").status_code == 409
    assert ada.user.has_totp
    # Browsers would refuse to make one here.
    assert account(ada, "POST", "passkeys/options").status_code == 409


def test_new_recovery_codes_stop_the_old_ones(town: Town) -> None:
    ada = town.with_totp()
    old, half = ada.recovery_codes, town.visitor()
    ada.gives_password(half)
    answer = account(ada, "POST", "recovery-codes")
    new = answer.json()["recovery_codes"]
    assert (answer.status_code, len(set(new) - set(old)), ada.user.recovery_codes) == (200, 10, 10)
    assert all(re.fullmatch(r"([a-z2-7]{4}-){5}[a-z2-7]{4}", code) for code in new)
    made = [action for action, _ in logged(ada, town)]
    assert made == ["factor.added", "recovery_codes.made", "recovery_codes.made"]
    assert [ada.gives_recovery_code(code, half).status_code for code in (old[0], new[0])] == [401, 200]
    # They stand in for a factor: without one there are none.
    assert town.signed_in().browser.post("/api/v1/account/recovery-codes").status_code == 409
