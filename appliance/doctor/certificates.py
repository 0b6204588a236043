"""Certificates: those of the pages, and the broker's authority."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from appliance.doctor.finding import Finding, fault, warning, well

_SOON: Final = timedelta(days=30)
"""`web` renews its own 60 days before the end: one that is nearer wasn't renewed."""


def check_page_certificates(directory: Path, *, names: Sequence[str], now: datetime) -> Iterator[Finding]:
    """The pages' own certificate in `directory`: that it is there, valid at `now`, and for all of `names`."""
    path = directory / "pages.pem"
    try:
        leaf = x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        yield fault("certificates", f"{path} does not exist", "start web, which makes it")
        return
    except PermissionError:
        yield warning("certificates", f"{path} is not readable for this user", "run this as root")
        return
    except (OSError, ValueError) as error:
        yield fault("certificates", f"{path} can't be read: {error}", "restart web, which makes it anew")
        return
    finding = _validity(f"the pages' certificate ({path})", leaf, now, "restart web, which renews it")
    missing = [name for name in names if name not in _names_of(leaf)]
    if missing and finding.level == "ok":
        found = f"the pages' certificate is not for {', '.join(missing[:5])}"
        yield warning("certificates", found, "restart web, which makes one for all of the box's names")
    else:
        yield finding


def check_authorities(path: Path, *, now: datetime) -> Iterator[Finding]:
    """Every certificate of `broker.ca`."""
    try:
        authorities = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no PEM certificate in it"
        yield fault("certificates", f"broker.ca {path} can't be read: {why}", "copy the broker's CA there, as PEM")
        return
    for authority in authorities:
        who = authority.subject.rfc4514_string()[:100]
        yield _validity(f"the broker's authority {who}", authority, now, f"get a new one and put it into {path}")


def _validity(what: str, certificate: x509.Certificate, now: datetime, do: str) -> Finding:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now.astimezone(UTC) < begins:
        return fault("certificates", f"{what} is valid from {begins:%Y-%m-%d} only", f"set the clock, or {do}")
    if now >= ends:
        return fault("certificates", f"{what} ended on {ends:%Y-%m-%d}", f"look at the clock, then {do}")
    level = warning("certificates", f"{what} ends on {ends:%Y-%m-%d}", do)
    return level if ends - now < _SOON else well("certificates", f"{what} is valid until {ends:%Y-%m-%d}")


def _names_of(leaf: x509.Certificate) -> set[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in names}
