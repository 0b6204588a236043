"""README and the settings file know all that the code knows. `make docs-tables` prints what is missing, to paste."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from appliance.setting_sections import Settings
from appliance.settings import described, load
from tests.unit.docs import tables

ROOT = Path(__file__).parents[3]
SETTINGS_FILE = ROOT / "firmware-config" / "appliance.toml"


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def section(readme: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its rank."""
    found = re.search(rf"^(#+) {heading}$\n(.*?)(?=^\1 |\Z)", readme, re.MULTILINE | re.DOTALL)
    assert found, f"README has no heading {heading}"
    return found[2]


def test_every_setting_is_in_readme(readme: str) -> None:
    missing = [one.name for one in described() if f"| `{one.name}` |" not in section(readme, "Settings")]
    assert not missing, "make docs-tables"


def test_readme_says_of_settings_what_the_code_says(readme: str) -> None:
    missing = [row for row in tables.settings_rows() if row not in section(readme, "Settings")]
    assert not missing, "make docs-tables"


def test_readme_has_no_setting_that_there_is_not(readme: str) -> None:
    named = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", section(readme, "Settings"), re.MULTILINE))
    assert named <= {one.name for one in described()}


def test_every_metric_is_in_readme(readme: str) -> None:
    missing = [metric.name for metric in tables.metrics() if f"`{metric.name}`" not in section(readme, "Metrics")]
    assert not missing, "make docs-tables"


def test_every_process_has_metrics() -> None:
    processes = {metric.name.split("_")[1] for metric in tables.metrics()}
    assert processes >= {"doorkeeper", "scan", "web", "report", "central"}


def test_every_command_is_in_readme(readme: str) -> None:
    text = section(readme, "Commands")
    missing = [name for name, _ in tables.commands() if not re.search(rf"`{name}[ `]", text)]
    assert not missing, "make docs-tables"


def test_every_command_says_what_it_does() -> None:
    silent = [name for name, command in tables.commands() if not command.get_short_help_str()]
    assert not silent


def test_every_option_says_what_it_does() -> None:
    silent = [
        f"{name} {option.opts[0]}"
        for name, command in tables.commands()
        for option in command.params
        if option.param_type_name == "option" and not getattr(option, "help", None)
    ]
    assert not silent


def test_every_topic_is_in_readme(readme: str) -> None:
    missing = [address for address in tables.topics() if f"`{address}`" not in section(readme, "Topics")]
    assert not missing, "make docs-tables"


def test_the_settings_file_says_what_the_code_says() -> None:
    assert SETTINGS_FILE.read_text(encoding="utf-8").splitlines() == list(tables.settings_file()), "make settings-file"


def test_the_settings_file_changes_nothing_as_it_is_shipped() -> None:
    loaded = load(SETTINGS_FILE, {})
    assert loaded.settings == Settings()
    assert set(loaded.sources.values()) == {"default"}


def test_the_settings_file_with_every_line_in_force_is_the_defaults(tmp_path: Path) -> None:
    live = tmp_path / "appliance.toml"
    text = re.sub(r"^#(?=[a-z_]+ = )", "", SETTINGS_FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    live.write_text(text, encoding="utf-8")
    named = {f"{section}.{key}" for section, keys in tomllib.loads(text).items() for key in keys}
    assert named == {one.name for one in described()}
    assert load(live, {}).settings == Settings()
