"""What every subcommand gets: the settings, read when they are first needed, and the paths that follow from them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec
from prometheus_client import CollectorRegistry

from appliance.domain.ticket import Ticket
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperClient, DoorkeeperRefused
from appliance.running import Running, run_until_told, set_up_logging
from appliance.serving.exceptions import ServingError
from appliance.serving.metrics import start_metrics
from appliance.setting_sections import Settings
from appliance.settings import Loaded, SettingsFault, load
from appliance.store.opening import StoreFault
from appliance.store.reading import open_reader
from appliance.store.roster import read_tickets

_F = TypeVar("_F", bound=Callable[..., Any])


class Invocation:
    """One call of `appliance`: click's `ctx.obj`."""

    def __init__(self, config_path: Path | None, environ: Mapping[str, str]) -> None:
        self._config_path = config_path
        self._environ = environ

    @cached_property
    def loaded(self) -> Loaded:
        """Settings with their sources. SettingsFault is told by cli.main."""
        return load(self._config_path, self._environ)

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    def need(self, secret: str) -> None:
        """SettingsFault if this setting (`section.key`) lies where this process can't read it."""
        if secret in self.loaded.unreadable:
            raise SettingsFault(self.loaded.unreadable[secret])

    @property
    def ledger(self) -> Path:
        return self.settings.paths.state / "ledger.db"

    @property
    def live(self) -> Path:
        # In a directory of its own: those who write it must not be able to touch what lies beside the ledger.
        return self.settings.paths.state / "live" / "live.db"

    @property
    def doorkeeper_socket(self) -> Path:
        return self.settings.paths.run / "doorkeeper.sock"

    @property
    def scan_socket(self) -> Path:
        return self.settings.paths.run / "scan.sock"

    def open_client(self, timeout: float = 10.0) -> DoorkeeperClient:
        """A client for a command that a person has called."""
        return DoorkeeperClient(self.doorkeeper_socket, timeout=timeout)

    @contextmanager
    def living_tickets(self) -> Iterator[Iterable[Ticket]]:
        """The roster that the door goes by, read-only; nothing where there is no ledger yet."""
        if not self.ledger.exists():
            yield ()
            return
        with closing(open_reader(self.ledger)) as connection:
            yield read_tickets(connection)

    def read_roster_file(self, file: Path) -> Sequence[Ticket] | None:
        """The tickets of a roster file; None after saying on stderr what is wrong with it."""
        from appliance.connect.asking import read_or_tell

        event = self.settings.event
        return read_or_tell(file, event_key=event.key.encode(), tz=ZoneInfo(event.timezone))


pass_invocation = click.make_pass_decorator(Invocation)


def told_faults(command: _F) -> _F:
    """What the doorkeeper, the store or the pages say no with is a sentence and exit code 1."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (DoorkeeperAway, DoorkeeperRefused, StoreFault, ServingError) as fault:
            fail(str(fault))

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    call.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]  # where click keeps them
    return call  # type: ignore[return-value]  # same parameters


def fail(sentence: str, code: int = 1) -> NoReturn:
    """End with a sentence on stderr."""
    click.echo(f"appliance: {sentence}", err=True)
    sys.exit(code)


def print_json(value: object) -> None:
    """One JSON object on a line of its own."""
    click.echo(msgspec.json.encode(value).decode())


def run_process(
    process: Running,
    level: str,
    registry: CollectorRegistry,
    metrics_port: int,
    *,
    alive: Callable[[], bool] = lambda: True,
) -> int:
    """Run a built process to its end, with its logs and its metrics; the exit code."""
    set_up_logging(level)
    stop_metrics = start_metrics(metrics_port, registry) if metrics_port else None
    try:
        return run_until_told(process, alive=alive)
    finally:
        if stop_metrics is not None:
            stop_metrics()
