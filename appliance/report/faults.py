"""Why there is no connection to the broker, told apart and in words that say what to look at."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Final, Literal, NamedTuple

FaultKind = Literal[
    "name", "refused", "unreachable", "silent", "authority", "certificate", "tls", "login", "rejected", "denied", "lost"
]


class Fault(NamedTuple):
    """`words` are one sentence for a person; `kind` is for a program."""

    kind: FaultKind
    words: str


def connect_fault(fault: OSError, *, host: str, port: int, tls: bool) -> Fault:  # noqa: PLR0911 (a table of cases)
    """What kept the TCP connection or the TLS handshake from coming about."""
    where = f"{host}:{port}"
    match fault:
        case ssl.SSLCertVerificationError():
            reason = fault.verify_message or str(fault)
            return Fault(
                "certificate", f"{where} shows a certificate that isn't trusted ({reason}): {_certificate(fault)}"
            )
        case ssl.SSLError():
            return Fault(
                "tls", f"{where} does not speak TLS as expected ({fault.reason or fault}): is it the TLS port?"
            )
        case socket.gaierror():
            return Fault(
                "name", f"the name {host!r} does not resolve ({fault.strerror}): check broker.host and the DNS"
            )
        case ConnectionRefusedError():
            return Fault("refused", f"nothing listens on {where}: is the broker running, is broker.port right?")
        case TimeoutError():
            return Fault("silent", f"{where} does not answer: check the network, the firewall and broker.port")
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            hint = "is it the TLS port?" if tls else "does it want TLS?"
            return Fault("lost", f"{where} hung up at once: {hint}")
        case _:
            return Fault("unreachable", f"{where} can't be reached ({fault.strerror or fault}): check the network")


def _certificate(fault: ssl.SSLCertVerificationError) -> str:
    match fault.verify_code:
        case 10 | 9:
            return "renew it, and check this box's clock"
        case 62 | 64:
            return "broker.host must be the name that the certificate is for"
        case _:
            return "broker.ca must be the authority that signed it"


def authority_fault(fault: OSError, path: Path) -> Fault:
    """What is wrong with the file of authorities."""
    reason = "no certificate in it" if isinstance(fault, ssl.SSLError) else (fault.strerror or str(fault))
    return Fault("authority", f"broker.ca {path} can't be used ({reason}): expected a PEM file of certificates")


def refused_fault(code: int, *, host: str, port: int, username: str) -> Fault:
    """What a CONNACK other than 0 says (MQTT 3.1.1's numbers)."""
    where = f"{host}:{port}"
    if code in _LOGIN_CODES:
        who = f"the login {username!r}" if username else "a connection without a login"
        return Fault(
            "login", f"{where} refuses {who}: check broker.username and broker.password, and the broker's list"
        )
    return Fault("rejected", f"{where} refuses the connection ({_CONNACK.get(code, f'code {code}')})")


def denied_fault(topics: list[str], *, username: str) -> Fault:
    """Subscriptions that the broker didn't grant."""
    return Fault(
        "denied", f"the login {username!r} may not read {', '.join(topics)}: check the broker's access rules for it"
    )


_LOGIN_CODES: Final = frozenset({4, 5})
_CONNACK: Final = {1: "it does not speak MQTT 3.1.1", 2: "it does not take the client id", 3: "it is not available"}
