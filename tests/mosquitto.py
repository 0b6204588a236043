"""A real Mosquitto for tests: its own directory, a free port that it keeps across restarts, its log to wait on.

with Mosquitto(tmp_path / "broker", logins={"n1": "secret"}, acl=rules, tls=True) as broker:
    connect(broker.host, broker.port, ca=broker.ca)
    broker.kill()            # kill -9
    broker.start()           # again, on the same port; what it kept depends on `persistence`
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.tools import needs

STOP_SECONDS: Final = 60.0
_TRIES: Final = 5


class Mosquitto:
    """One broker. `config` replaces what this class would write (`{port}` in it becomes the port)."""

    host: Final = "127.0.0.1"

    def __init__(
        self,
        directory: Path,
        *,
        logins: Mapping[str, str] | None = None,
        acl: str | None = None,
        tls: bool = False,
        persistence: bool = False,
        extra: str = "",
        config: str | None = None,
    ) -> None:
        self._program = needs("mosquitto")
        self._directory = directory
        self._persistence = persistence
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._log: list[str] = []
        self._logged = threading.Condition()
        directory.mkdir(parents=True, exist_ok=True)
        self.ca: Path | None = None
        if tls:
            self.ca = write_authority(directory, "broker", host=self.host)
        self._acl = directory / "acl"
        if acl is not None:
            self.write_acl(acl)
        if logins is not None:
            self.write_logins(logins)
        self._config = config or self._own_config(logins=logins is not None, acl=acl is not None, extra=extra)
        self.port = free_port()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def log(self) -> list[str]:
        """What it has logged so far (all types, since the last start)."""
        with self._logged:
            return list(self._log)

    @property
    def config(self) -> Path:
        """Its configuration, as written by `start`."""
        return self._directory / "mosquitto.conf"

    def write_acl(self, acl: str) -> None:
        """Other access rules; read at the next start."""
        self._acl.write_text(acl, encoding="utf-8")

    def write_logins(self, logins: Mapping[str, str]) -> None:
        """Other logins (name -> password); read at the next start."""
        path = self._directory / "passwords"
        path.write_text("".join(f"{name}:{password}\n" for name, password in logins.items()), encoding="utf-8")
        path.chmod(0o600)
        subprocess.run([needs("mosquitto_passwd"), "-U", path], check=True, capture_output=True)

    def start(self) -> None:
        """Until it listens. RuntimeError with its log if it doesn't."""
        for _ in range(_TRIES):
            if self._start_once():
                return
            if not any("Address already in use" in line for line in self._log):
                break
            self.port = free_port()
        raise RuntimeError("mosquitto did not start:\n" + "\n".join(self._log))

    def stop(self) -> None:
        """A clean stop (SIGTERM): with `persistence`, retained messages and sessions are written first."""
        if self._process is not None:
            for _ in range(int(STOP_SECONDS)):
                # Mosquitto forgets a signal that comes between its word that it runs and the start of its loop.
                self._process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(1)
                    break
            self._reap()

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._reap()

    def wait_for(self, pattern: str, *, seconds: float = STOP_SECONDS) -> str:
        """The first log line since the last start that `pattern` is found in. TimeoutError with the log if none is."""
        wanted = re.compile(pattern)

        def found() -> str | None:
            return next((line for line in self._log if wanted.search(line)), None)

        with self._logged:
            line = self._logged.wait_for(found, seconds)
        if line is None:
            raise TimeoutError(f"mosquitto never logged {pattern!r}:\n" + "\n".join(self.log))
        return line

    def _start_once(self) -> bool:
        self.config.write_text(self._config.replace("{port}", str(self.port)), encoding="utf-8")
        with self._logged:
            self._log = []
        self._process = subprocess.Popen(
            [self._program, "-c", str(self.config)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        with self._logged:
            self._logged.wait_for(lambda: self._running() or (self._log and self._log[-1] == _END), STOP_SECONDS)
            running = self._running()
        if not running:
            self.kill()
        return running

    def _running(self) -> bool:
        return any(line.endswith(" running") for line in self._log)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self._add(line.rstrip("\n"))
        self._add(_END)

    def _add(self, line: str) -> None:
        with self._logged:
            self._log.append(line)
            self._logged.notify_all()

    def _reap(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        self._process.wait(STOP_SECONDS)
        if self._reader is not None:
            self._reader.join(STOP_SECONDS)
        self._process.stderr.close()
        self._process = self._reader = None

    def _own_config(self, *, logins: bool, acl: bool, extra: str) -> str:
        lines = [
            *base_config(self._directory, persistence=self._persistence),
            f"listener {{port}} {self.host}",
            f"allow_anonymous {'false' if logins else 'true'}",
        ]
        if logins:
            lines.append(f"password_file {self._directory / 'passwords'}")
        if acl:
            lines.append(f"acl_file {self._acl}")
        if self.ca is not None:
            lines += [f"certfile {self._directory / 'broker.crt'}", f"keyfile {self._directory / 'broker.key'}"]
        return "\n".join([*lines, extra, ""])


_END: Final = "(mosquitto has ended)"


def base_config(directory: Path, *, persistence: bool) -> list[str]:
    """The lines that make a Mosquitto run in `directory`, whoever runs it, and log to stderr."""
    lines = ["log_dest stderr", "log_type all"]
    if os.geteuid() == 0:
        lines.append("user root")
    if persistence:
        lines += ["persistence true", f"persistence_location {directory}/"]
    return lines


def free_port() -> int:
    """A TCP port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_authority(directory: Path, name: str, *, host: str = "127.0.0.1", expired: bool = False) -> Path:
    """A new authority (`{name}-ca.crt`, returned) and a certificate of it for `host` (`{name}.crt`, `{name}.key`)."""
    directory.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _name(f"{name} authority")
    age = timedelta(days=-30) if expired else timedelta()
    authority = (
        _certificate(issuer, issuer, authority_key.public_key(), timedelta())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    try:
        alternative: x509.GeneralName = x509.IPAddress(ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    certificate = (
        _certificate(_name(host), issuer, key.public_key(), age)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    path = directory / f"{name}-ca.crt"
    path.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    (directory / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, age: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC) + age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=10))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
