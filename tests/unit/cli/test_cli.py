"""The command line: what people see who type."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from appliance.cli import appliance


@pytest.fixture
def run(tmp_path):
    config = tmp_path / "appliance.toml"

    def call(*arguments, text="", environ=None):
        config.write_text(text)
        return CliRunner().invoke(appliance, ["--config", str(config), *arguments], env=environ)

    return call


def test_help_names_every_command_with_a_sentence(run):
    shown = run("--help")
    assert shown.exit_code == 0
    for command in (
        "scan",
        "doorkeeper",
        "web",
        "report",
        "central",
        "roster",
        "tickets",
        "ledger",
        "staff",
        "decode",
        "demo",
    ):
        assert any(line.split()[:1] == [command] and len(line.split()) > 3 for line in shown.output.splitlines()), (
            command
        )


def test_config_as_json_is_one_setting_a_line_with_its_source_and_secrets_masked(run):
    shown = run("config", "--json", text='[broker]\npassword = "hunter2"\n')
    settings = {one["setting"]: one for one in map(json.loads, shown.output.splitlines())}
    assert settings["hub.id"] == {"setting": "hub.id", "value": "hub", "source": "default"}
    assert settings["broker.password"]["value"] != "hunter2"
    assert settings["broker.password"]["source"].endswith("appliance.toml")
    assert "hunter2" not in shown.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(run, shell):
    shown = run("completion", shell)
    assert shown.exit_code == 0
    assert "_APPLIANCE_COMPLETE" in shown.output


def test_a_command_that_needs_the_doorkeeper_says_that_it_does_not_answer(run, tmp_path):
    shown = run("staff", "add", "Anna", text=f'[paths]\nrun = "{tmp_path}"\n')
    assert shown.exit_code == 1
    assert "the doorkeeper does not answer" in shown.output
    assert "appliance doorkeeper" in shown.output
