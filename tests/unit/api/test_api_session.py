from fakes.running_api import API_TOKEN, RunningApi

CODE_MINUTES = 30


def test_a_code_opens_the_page_and_the_terminal_shows_the_next(api: RunningApi) -> None:
    with api.client() as client:
        answer = client.post("/api/v1/session", json={"code": api.code})
    body = answer.json()
    assert body == {"token": body["token"], "expires_in": 900}
    assert len(api.codes) == 1
    with api.client(body["token"]) as page:
        assert page.get("/api/v1/events").status_code == 200
    with api.client() as client:
        assert client.post("/api/v1/session", json={"code": api.codes[0]}).status_code == 200
    assert len(api.codes) == 2


def test_a_late_code_makes_the_terminal_show_a_new_one(api: RunningApi) -> None:
    api.clock.advance(CODE_MINUTES * 60)
    with api.client() as client:
        answer = client.post("/api/v1/session", json={"code": api.code})
        assert answer.status_code == 401
        assert answer.json() == {"detail": "This link is too old; the terminal shows a new one now."}
        assert client.post("/api/v1/session", json={"code": api.codes[0]}).status_code == 200


def test_a_wrong_code_changes_nothing(api: RunningApi) -> None:
    with api.client() as client:
        assert client.post("/api/v1/session", json={"code": "guess"}).status_code == 401
        assert api.codes == []
        assert client.post("/api/v1/session", json={"code": api.code}).status_code == 200


def test_the_api_token_opens_a_session_of_its_own(api: RunningApi) -> None:
    first, second = api.page_token(), api.page_token()
    assert API_TOKEN not in (first, second)
    for token in (first, second):
        with api.client(token) as page:
            assert page.get("/events").status_code == 200


def test_a_renewed_token_replaces_the_old_one(api: RunningApi) -> None:
    old = api.page_token()
    with api.client(old) as page:
        new = page.post("/api/v1/session").json()["token"]
        assert page.get("/events").status_code == 401
        assert page.post("/api/v1/session").status_code == 401
    with api.client(new) as page:
        assert page.get("/events").status_code == 200


def test_a_page_token_ends_after_a_quarter_of_an_hour(api: RunningApi) -> None:
    with api.client(api.page_token()) as page:
        api.clock.advance(899)
        assert page.get("/events").status_code == 200
        api.clock.advance(1)
        assert page.get("/events").status_code == 401


def test_no_session_outlives_twelve_hours(api: RunningApi) -> None:
    token = api.page_token()
    for _ in range(12 * 60 // 12 - 1):
        api.clock.advance(12 * 60)
        with api.client(token) as page:
            answer = page.post("/api/v1/session").json()
        token = answer["token"]
    assert answer["expires_in"] == 12 * 60
    api.clock.advance(12 * 60)
    with api.client(token) as page:
        assert page.post("/api/v1/session").status_code == 401


def test_signing_out_ends_the_session(api: RunningApi) -> None:
    with api.client(api.page_token()) as page:
        assert page.delete("/api/v1/session").status_code == 204
        assert page.get("/events").status_code == 401
