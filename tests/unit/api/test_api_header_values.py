"""What a client may write into its headers, and what is made of it."""

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from securevision.api.client_address import ClientAddress
from securevision.api.cookies import SESSION_COOKIE, read_cookie, set_cookie
from securevision.api.credentials import bearer_token, one_origin, stream_ticket

header = st.binary(max_size=200)
secrets = st.text(st.sampled_from("abcXYZ019_-"), min_size=1, max_size=100)
awkward = st.text(st.sampled_from(" \t;,=\"'\\aB\x00\x7f\xe9"), max_size=30)


def headers(name: str, *values: bytes) -> Headers:
    return Headers(raw=[(name.encode(), value) for value in values])


@given(st.lists(header, max_size=3))
def test_an_authorization_header_gives_a_token_without_spaces_or_nothing(values: list[bytes]) -> None:
    token = bearer_token(headers("authorization", *values))
    assert token is None or (len(values) == 1 and token != "" and token.isascii() and token.isprintable())
    assert token is None or " " not in token


@given(st.sampled_from(["Bearer", "bearer", "BEARER"]), st.integers(1, 5), secrets, awkward)
def test_a_bearer_token_is_read_whole_or_not_at_all(scheme: str, spaces: int, token: str, after: str) -> None:
    value = scheme.encode() + b" " * spaces + token.encode()
    assert bearer_token(headers("authorization", value)) == token
    read = bearer_token(headers("authorization", value + b" " + after.encode("latin-1")))
    assert read is None
    assert bearer_token(headers("authorization", value, value)) is None


@given(st.lists(header, max_size=3))
def test_any_cookie_header_gives_a_short_secret_or_nothing(values: list[bytes]) -> None:
    secret = read_cookie(headers("cookie", *values), SESSION_COOKIE)
    assert secret is None or 0 < len(secret) <= 100


@given(secrets, secrets, awkward.filter(lambda text: ";" not in text))
def test_a_cookie_is_read_among_others_and_not_when_it_is_sent_twice(
    secret: str, second: str, other: str
) -> None:
    sent = set_cookie(SESSION_COOKIE, secret, 60).partition(";")[0]
    beside = f"a={other}; {sent}; {SESSION_COOKIE}x=1; x{SESSION_COOKIE}=2".encode("latin-1")
    assert read_cookie(headers("cookie", beside), SESSION_COOKIE) == secret
    twice = f"{sent}; {SESSION_COOKIE}={second}".encode()
    assert read_cookie(headers("cookie", twice), SESSION_COOKIE) is None
    assert (
        read_cookie(headers("cookie", sent.encode(), f"{SESSION_COOKIE}={second}".encode()), SESSION_COOKIE)
        is None
    )


@given(st.lists(st.text(max_size=20) | secrets.map("ticket.{}".format), max_size=5))
def test_a_list_of_subprotocols_gives_its_one_ticket_or_nothing(offered: list[str]) -> None:
    ticket = stream_ticket({"subprotocols": offered})
    tickets = [name for name in offered if name.startswith("ticket.")]
    assert ticket == (tickets[0][len("ticket.") :] if len(tickets) == 1 else None)


@given(st.lists(header, max_size=3))
def test_several_origins_are_none(values: list[bytes]) -> None:
    origin = one_origin(headers("origin", *values))
    assert origin == (None if not values else values[0].decode("latin-1") if len(values) == 1 else "")


@given(
    st.lists(header | st.ip_addresses().map(str).map(str.encode), max_size=3),
    st.ip_addresses() | st.text(max_size=20) | st.none(),
)
def test_whatever_a_proxy_says_the_client_is_an_address_or_unknown(values: list[bytes], peer: object) -> None:
    everybody = ClientAddress([ip_network("0.0.0.0/0"), ip_network("::/0")])
    scope = {
        "type": "http",
        "headers": [(b"x-forwarded-for", value) for value in values],
        "client": None if peer is None else (str(peer), 1),
    }
    found = everybody.of(scope)
    assert found == "unknown" or str(ip_address(found)) == found
    nobody = ClientAddress([]).of(scope)
    assert nobody == ClientAddress([]).of({**scope, "headers": []})
