"""Whatever stands in the environment, the start goes on or ends in one sentence that shows no value."""

import os
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from securevision.errors import InvalidInput
from securevision.settings import PREFIX, ApiSettings, load_settings, setting_names

CANARY = "Zq7Xj9Wv"
names = st.sampled_from([name for name, _ in setting_names()])
values = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@pytest.fixture(autouse=True)
def no_other_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)


def outcome(variable: str, value: str) -> str:
    """Return what is said about a variable: nothing, or one sentence."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, value)
        try:
            load_settings()
        except InvalidInput as error:
            return str(error)
    return ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names, values, values)
def test_any_value_is_used_or_refused_without_showing_it(name: str, before: str, after: str) -> None:
    said = outcome(PREFIX + name, before + CANARY + after)
    assert CANARY not in said
    assert said == "" or said.startswith(f"{PREFIX}{name}")
    assert said == "" or said.endswith(".")
    assert "\n" not in said


@given(
    st.lists(
        st.text(max_size=30)
        | st.ip_addresses(network="10.0.0.0/8").map(str)
        | st.sampled_from(["https://home.example", "https://*", "*", "null", "10.0.0.0/8"])
    ).map(",".join)
)
def test_any_list_of_networks_or_origins_is_used_or_refused(text: str) -> None:
    api = ApiSettings.model_validate({"trusted_proxies": text, "cors_origins": text})
    for name, read in (
        ("TRUSTED_PROXIES", lambda: api.proxy_networks),
        ("CORS_ORIGINS", lambda: api.allowed_origins),
    ):
        items: Sequence[object] = []
        said = ""
        try:
            items = read()
        except InvalidInput as error:
            said = str(error)
        assert said.isprintable()
        assert said == "" or said.startswith(f"{PREFIX}API__{name} is not a list of ")
        assert said or len(items) == len([each for each in text.split(",") if each.strip()])
        assert not {"*", "null"} & set(map(str, items))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("ABCXYZ_09"), min_size=1, max_size=30), values)
def test_any_name_is_a_setting_or_refused(suffix: str, value: str) -> None:
    said = outcome(PREFIX + suffix, value + CANARY)
    assert CANARY not in said
    assert suffix in dict(setting_names()) or " is not a setting; the nearest is " in said
