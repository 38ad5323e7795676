"""Whatever stands in the environment, the start goes on or ends in one sentence that shows no value."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from securevision.errors import InvalidInput
from securevision.settings import PREFIX, load_settings, setting_names

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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("ABCXYZ_09"), min_size=1, max_size=30), values)
def test_any_name_is_a_setting_or_refused(suffix: str, value: str) -> None:
    said = outcome(PREFIX + suffix, value + CANARY)
    assert CANARY not in said
    assert suffix in dict(setting_names()) or " is not a setting; the nearest is " in said
