"""The command line: what people see who type."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from appliance.cli import appliance
from appliance.settings import SettingsFault


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


@pytest.mark.parametrize("command", [["config", "--json"], ["ledger", "verify"], ["central", "recount"], ["doctor"]])
def test_the_settings_file_may_be_named_before_a_command_or_after_it(tmp_path, command):
    config = tmp_path / "appliance.toml"
    config.write_text('[hub]\nidd = "x"\n')
    for arguments in (["--config", str(config), *command], [*command, "--config", str(config)]):
        with pytest.raises(SettingsFault, match="did you mean id"):
            CliRunner().invoke(appliance, arguments, catch_exceptions=False)


@pytest.mark.parametrize("command", [["doorkeeper"], ["roster", "import", "{roster}", "--yes"]])
def test_a_directory_that_cannot_be_used_is_a_sentence_that_names_it(tmp_path, command):
    roster = tmp_path / "roster.csv"
    roster.write_text("code\nA1\n")
    config = tmp_path / "appliance.toml"
    config.write_text(f'[paths]\nstate = "{roster}/state"\nrun = "{roster}/run"\n')
    arguments = [argument.format(roster=roster) for argument in command]
    called = [sys.executable, "-m", "appliance", *arguments, "--config", str(config)]
    done = subprocess.run(called, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert str(roster) in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
