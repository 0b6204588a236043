"""TOML and environment -> frozen dataclasses; the only reader of either.

Every setting has a default, a sentence, and a place: `[section] key` in the file, `APPLIANCE_SECTION_KEY` in the
environment, which wins. What isn't known here is an error that says what was probably meant.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec

from appliance.setting_checks import CHECKS, read_secret
from appliance.setting_sections import Settings

DEFAULT_PATH: Final = Path("/etc/hub-appliance/appliance.toml")
PREFIX: Final = "APPLIANCE_"
CONFIG_VARIABLE: Final = "APPLIANCE_CONFIG"
MAX_BYTES: Final = 1024 * 1024
MASKED: Final = "••••••"


class SettingsFault(Exception):
    """Settings that can't be used: which file or variable, which key, what stood there, what was expected."""


class Described(NamedTuple):
    """One setting: where it stands, what it means, what it is by default."""

    section: str
    key: str
    kind: Any
    doc: str
    default: Any
    secret: bool

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        return f"{PREFIX}{self.section}_{self.key}".upper()


def described() -> Iterator[Described]:
    """Every setting, in order."""
    defaults = Settings()
    for section in fields(Settings):
        values = getattr(defaults, section.name)
        hints = get_type_hints(type(values), localns={"list": list})
        for one in fields(values):
            yield Described(
                section.name,
                one.name,
                hints[one.name],
                one.metadata["doc"],
                getattr(values, one.name),
                one.metadata["secret"],
            )


class Loaded(NamedTuple):
    """The settings, and for each `section.key` where it comes from.

    A secret that lies elsewhere is empty where this process can't read it, and `unreadable` says why: only the process
    that needs it may (systemd hands the broker's password to `report` alone).
    """

    settings: Settings
    sources: dict[str, str]
    unreadable: dict[str, str]


def find_config(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The settings file: the one asked for, else APPLIANCE_CONFIG's, else the usual one if it is there."""
    if path is not None:
        return path
    if environ.get(CONFIG_VARIABLE):
        return Path(environ[CONFIG_VARIABLE])
    return DEFAULT_PATH if DEFAULT_PATH.exists() else None


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Loaded:
    """The effective settings. SettingsFault names the first thing that is wrong."""
    known = {one.name: one for one in described()}
    file = find_config(path, environ)
    given: dict[str, tuple[Any, str]] = {}
    if file is not None:
        given.update(_read_file(file, known))
    given.update(_read_environment(environ, known))
    values: dict[str, dict[str, Any]] = {}
    sources: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for name, one in known.items():
        if name in given:
            value, source = given[name]
            converted = _convert(one, value, source)
            if one.secret:
                try:
                    converted = read_secret(converted, environ)
                except OSError as fault:
                    unreadable[name] = f"{source}: [{one.section}] {one.key}: {fault}"
                    converted = ""
            values.setdefault(one.section, {})[one.key] = converted
            sources[name] = source.split(",")[0]
        else:
            sources[name] = "default"
    hints = get_type_hints(Settings)
    built = {section: hints[section](**values.get(section, {})) for section in hints}
    return Loaded(Settings(**built), sources, unreadable)


def _read_file(path: Path, known: Mapping[str, Described]) -> Iterator[tuple[str, tuple[Any, str]]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsFault(f"{path}: larger than {MAX_BYTES} bytes; this is not a settings file")
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as fault:
        raise SettingsFault(f"{path}: {fault.strerror}; name another with --config or {CONFIG_VARIABLE}") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise SettingsFault(f"{path}: not TOML: {fault}") from fault
    sections = {one.section for one in known.values()}
    for section, entries in tree.items():
        if section not in sections:
            raise SettingsFault(
                f"{path}{_line(text, section, None)}: unknown section [{section}]{_meant(section, sections)}"
            )
        if not isinstance(entries, dict):
            raise SettingsFault(f"{path}: {section} must be a section: write [{section}]")
        for key, value in entries.items():
            where = f"{path}{_line(text, section, key)}"
            if f"{section}.{key}" not in known:
                keys = {one.key for one in known.values() if one.section == section}
                raise SettingsFault(f"{where}: unknown setting {key} in [{section}]{_meant(key, keys)}")
            yield f"{section}.{key}", (value, where)


def _read_environment(
    environ: Mapping[str, str], known: Mapping[str, Described]
) -> Iterator[tuple[str, tuple[Any, str]]]:
    variables = {one.variable: one for one in known.values()}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        if variable not in variables:
            raise SettingsFault(
                f"environment: unknown variable {variable}{_meant(variable, {*variables, CONFIG_VARIABLE})}"
            )
        yield variables[variable].name, (value, f"environment {variable}")


def _convert(one: Described, value: Any, source: str) -> Any:
    from_text = isinstance(value, str) and source.startswith("environment")
    if from_text and one.kind == list[str]:
        value = value.split()
    try:
        converted = msgspec.convert(value, one.kind, strict=not from_text, dec_hook=_path)
    except (msgspec.ValidationError, ValueError) as fault:
        found = MASKED if one.secret else repr(value)
        raise SettingsFault(f"{source}: [{one.section}] {one.key} = {found}: {fault}. {one.doc}") from fault
    wrong = CHECKS[one.name](converted) if one.name in CHECKS else None
    if wrong is not None:
        raise SettingsFault(f"{source}: [{one.section}] {one.key} = {MASKED if one.secret else repr(value)}: {wrong}")
    return converted


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError("expected a text")


def _line(text: str, section: str, key: str | None) -> str:
    """`, line N` of a section or of a key in it; empty where it is written in a way that this doesn't find."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)
        if header:
            inside = header[1] == section
            if inside and key is None:
                return f", line {number}"
        elif inside and key is not None and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f", line {number}"
    return ""


def _meant(word: str, words: set[str]) -> str:
    near = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(sorted(words)[:40])}"
