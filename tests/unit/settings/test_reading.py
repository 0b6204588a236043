"""Settings: what is read, what is refused, and what the refusal says."""

from __future__ import annotations

import pytest

from appliance.setting_checks import page_address, read_listen
from appliance.settings import DEFAULT_PATH, SettingsFault, described, find_config, load


def write(tmp_path, text):
    path = tmp_path / "appliance.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_every_setting_is_its_default(tmp_path):
    loaded = load(write(tmp_path, ""), {})
    assert set(loaded.sources.values()) == {"default"}
    assert loaded.settings.hub.id == "hub"


def test_the_environment_wins_over_the_file_and_both_are_named(tmp_path):
    path = write(tmp_path, '[hub]\nid = "osaka"\nname = "Osaka"\n')
    loaded = load(path, {"APPLIANCE_HUB_ID": "hamburg"})
    assert (loaded.settings.hub.id, loaded.settings.hub.name) == ("hamburg", "Osaka")
    assert loaded.sources["hub.id"] == "environment APPLIANCE_HUB_ID"
    assert loaded.sources["hub.name"] == str(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[hub]\nidd = "x"\n', ["line 2", "unknown setting idd", "did you mean id?"]),
        ('[hbu]\nid = "x"\n', ["line 1", "unknown section [hbu]", "did you mean hub?"]),
        ('hub = "x"\n', ["write [hub]"]),
        ('[hub]\nid = "Ham Burg"\n', ["line 2", "[hub] id", "'Ham Burg'", "a-z, 0-9"]),
        ('[hub]\nid = "acked"\n', ["but not acked"]),
        ("[hub]\nid = 3\n", ["line 2", "Expected `str`, got `int`"]),
        ('[door]\n\ncapacity = "many"\n', ["line 3", "[door] capacity", "Expected `int`"]),
        ("[door]\ncapacity = -1\n", ["expected 0 or more"]),
        ('[door]\ndirection = "in"\n', ["Invalid enum value"]),
        ('[door]\nopens = "tomorrow"\n', ["expected a date and time"]),
        ('[event]\ntimezone = "Berlin"\n', ["Europe/Berlin"]),
        ('[event]\nlanguage = "en,fr"\n', ["en, de", "'fr'"]),
        ('[staff]\nlisten = "8443"\n', ["ADDRESS:PORT"]),
        ('[staff]\nlisten = "box.local:8443"\n', ["IP address", "box.local"]),
        ("[broker]\nport = 0\n", ["1 to 65535"]),
        ('[broker]\nroot = "hub/#"\n', ["hub/v1"]),
        ('[scanner]\nsources = ["camera"]\n', ["KIND:WHERE", "'camera'"]),
        ('[central]\ndatabase = "mysql://x"\n', ["sqlite:", "postgresql"]),
        ("[hub\n", ["not TOML", "line 1"]),
    ],
)
def test_fail__what_is_wrong_is_named_with_its_place_and_what_was_expected(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(SettingsFault) as raised:
        load(path, {})
    for word in [str(path), *words]:
        assert word in str(raised.value)


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("APPLIANCE_HUB_IDD", ["APPLIANCE_HUB_IDD", "did you mean APPLIANCE_HUB_ID?"]),
        ("APPLIANCE_CONFGI", ["did you mean APPLIANCE_CONFIG?"]),
    ],
)
def test_fail__a_mistyped_variable_says_what_was_meant(tmp_path, variable, words):
    with pytest.raises(SettingsFault) as raised:
        load(write(tmp_path, ""), {variable: "x"})
    for word in words:
        assert word in str(raised.value)


def test_variables_of_others_are_nobodys_business(tmp_path):
    load(write(tmp_path, ""), {"APPLICATION_ID": "x", "HOME": "/root"})


@pytest.mark.parametrize(
    ("variable", "value", "place", "expected"),
    [
        ("APPLIANCE_DOOR_CAPACITY", "40", ("door", "capacity"), 40),
        ("APPLIANCE_DOOR_CLOSED", "true", ("door", "closed"), True),
        (
            "APPLIANCE_SCANNER_SOURCES",
            "hid:auto v4l2:/dev/video0",
            ("scanner", "sources"),
            ["hid:auto", "v4l2:/dev/video0"],
        ),
        ("APPLIANCE_SCANNER_GONE_AFTER", "2.5", ("scanner", "gone_after"), 2.5),
    ],
)
def test_ok__the_environments_texts_become_what_the_setting_is(tmp_path, variable, value, place, expected):
    settings = load(write(tmp_path, ""), {variable: value}).settings
    assert getattr(getattr(settings, place[0]), place[1]) == expected


def test_a_secret_comes_from_a_file_and_is_shown_nowhere(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    settings = load(write(tmp_path, f'[broker]\npassword = "file:{secret}"\n'), {}).settings
    assert settings.broker.password == "hunter2"
    assert "hunter2" not in repr(settings)


def test_fail__a_secret_is_masked_in_what_is_said_of_it(tmp_path):
    with pytest.raises(SettingsFault) as raised:
        load(write(tmp_path, "[broker]\npassword = 12345\n"), {})
    assert "12345" not in str(raised.value)


def test_the_file_asked_for_comes_before_the_environments_and_that_before_the_usual_one(tmp_path):
    asked, other = tmp_path / "a.toml", tmp_path / "b.toml"
    assert find_config(asked, {"APPLIANCE_CONFIG": str(other)}) == asked
    assert find_config(None, {"APPLIANCE_CONFIG": str(other)}) == other
    assert find_config(None, {}) in (None, DEFAULT_PATH)


def test_fail__a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsFault, match="No such file"):
        load(tmp_path / "none.toml", {})


def test_every_setting_has_a_sentence():
    assert all(one.doc.endswith(".") for one in described())


@pytest.mark.parametrize(
    ("listen", "names", "address"),
    [
        ("127.0.0.1:80", [], "http://127.0.0.1:80"),
        ("[::1]:80", [], "http://[::1]:80"),
        ("10.0.0.7:8443", [], "https://10.0.0.7:8443"),
        ("0.0.0.0:8443", ["box.example"], "https://box.example:8443"),
    ],
)
def test_the_address_of_a_page_is_https_beyond_loopback(listen, names, address):
    assert page_address(listen, names) == address


@pytest.mark.parametrize("listen", ["", "x", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "example.org:80", ":80"])
def test_fail__what_nothing_can_listen_on(listen):
    with pytest.raises(ValueError, match="expected"):
        read_listen(listen)
