"""Secrets that lie elsewhere."""

from __future__ import annotations

from pathlib import Path

from appliance.settings import load


def settings_file(tmp_path: Path, password: str) -> Path:
    path = tmp_path / "appliance.toml"
    path.write_text(f'[broker]\npassword = "{password}"\n')
    return path


def test_a_secret_is_read_from_the_file_it_names(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    loaded = load(settings_file(tmp_path, f"file:{tmp_path}/secret"), {})
    assert loaded.settings.broker.password == "hunter2"
    assert loaded.unreadable == {}


def test_a_secret_is_read_from_the_credentials_that_systemd_hands_over(tmp_path: Path) -> None:
    (tmp_path / "broker-password").write_text("hunter2")
    path = settings_file(tmp_path, "credential:broker-password")
    assert load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).settings.broker.password == "hunter2"


def test_a_process_that_may_not_read_a_secret_starts_without_it_and_can_say_why(tmp_path: Path) -> None:
    """The doorkeeper must open whether or not it may know the broker's password."""
    loaded = load(settings_file(tmp_path, "credential:broker-password"), {})
    assert loaded.settings.broker.password == ""
    assert "line 2: [broker] password" in loaded.unreadable["broker.password"]
    assert "LoadCredential" in loaded.unreadable["broker.password"]
