"""The box's own certificate authority and the certificate of its pages, made once and kept in a state directory."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.domain.clock import EARLIEST
from appliance.serving.exceptions import ServingError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FAR: Final = datetime(2069, 12, 31, tzinfo=UTC)
SANE_CLOCK: Final = datetime.fromtimestamp(EARLIEST / 1000, tz=UTC)
LEAF_DAYS: Final = 820
"""Phones refuse a leaf that is valid for more than 825 days."""
RENEW_DAYS: Final = 60
MAX_NAMES: Final = 100


class TlsFiles(NamedTuple):
    """PEM files: the leaf followed by the CA, the leaf's key, the CA alone."""

    chain: Path
    key: Path
    ca: Path


class BoxCertificates:
    """CA and leaf in `directory`: keys are 0600, every write is atomic, whatever is damaged or missing is made anew."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.files = TlsFiles(directory / "pages.pem", directory / "pages.key", directory / "ca.pem")
        self._ca_key = directory / "ca.key"

    def ensure(self, names: Sequence[str], now: datetime) -> tuple[TlsFiles, bool]:
        """(files, whether the leaf is new): a leaf for `names` (host names and IP addresses) that is valid at `now`.

        With a clock that hasn't been set yet (1970) the leaf is valid from then on, for as long as it takes; the first
        call after the clock was set makes one of the usual length. ServingError if the directory can't be written.
        """
        wanted = tuple(sorted({_plain(name) for name in names if name}))[:MAX_NAMES]
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            ca, ca_key = self._authority()
            if self._leaf_serves(wanted, ca, now):
                return self.files, False
            self._make_leaf(wanted, ca, ca_key, now)
        except OSError as fault:
            reason = f"can't keep certificates in {self._directory} ({fault}): make it writable for this process"
            raise ServingError(reason) from fault
        return self.files, True

    def authority(self) -> x509.Certificate:
        """The CA's certificate; `ensure` made it."""
        return x509.load_pem_x509_certificate(self.files.ca.read_bytes())

    def _authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        ca = _read_certificate(self.files.ca)
        key = _read_key(self._ca_key)
        if ca is not None and key is not None and ca.public_key() == key.public_key():
            return ca, key
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{socket.gethostname()[:40]} door box CA")])
        ca = (
            _certificate(name, name, key.public_key(), EPOCH, FAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self._ca_key, _key_pem(key), 0o600)
        _write(self.files.ca, ca.public_bytes(serialization.Encoding.PEM), 0o644)
        return ca, key

    def _leaf_serves(self, names: tuple[str, ...], ca: x509.Certificate, now: datetime) -> bool:
        leaf, key = _read_certificate(self.files.chain), _read_key(self.files.key)
        if leaf is None or key is None or leaf.public_key() != key.public_key():
            return False
        try:
            leaf.verify_directly_issued_by(ca)
        except (InvalidSignature, ValueError, TypeError):
            return False
        if _names_of(leaf) != names:
            return False
        if now < SANE_CLOCK:
            return leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc
        usual = leaf.not_valid_before_utc > EPOCH
        return usual and leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - timedelta(days=RENEW_DAYS)

    def _make_leaf(
        self, names: tuple[str, ...], ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, now: datetime
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        unset = now < SANE_CLOCK
        begins = EPOCH if unset else (now - timedelta(days=1)).replace(microsecond=0)
        ends = FAR if unset else begins + timedelta(days=LEAF_DAYS)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (names[0] if names else "box")[:64])])
        identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        leaf = (
            _certificate(subject, ca.subject, key.public_key(), begins, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        _write(self.files.key, _key_pem(key), 0o600)
        _write(self.files.chain, leaf.public_bytes(pem) + ca.public_bytes(pem), 0o644)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 in upper-case hex, grouped by four so that two people can compare it aloud."""
    digest = certificate.fingerprint(hashes.SHA256()).hex().upper()
    return " ".join(digest[i : i + 4] for i in range(0, len(digest), 4))


def box_names(more: Iterable[str] = (), *, net: Path = Path("/proc/net")) -> tuple[str, ...]:
    """Every name by which a browser may ask for this box: host names, its addresses, and `more` from the settings."""
    host = socket.gethostname().split(".")[0].lower()
    return tuple(dict.fromkeys([host, f"{host}.local", "localhost", "127.0.0.1", "::1", *more, *box_addresses(net)]))


def box_addresses(net: Path = Path("/proc/net")) -> list[str]:
    """The box's own addresses beyond loopback, as the kernel lists them; no temporary or link-local IPv6 ones."""
    found: dict[str, None] = {}
    for place, line in pairwise(_lines(net / "fib_trie")):
        address = re.search(r"\|-- (\d+\.\d+\.\d+\.\d+)", place)
        if address and "/32 host LOCAL" in line and not address[1].startswith("127."):
            found[address[1]] = None
    for line in _lines(net / "if_inet6"):
        match line.split():
            case [digits, _, _, _, flags, _] if not int(flags, 16) & 0x01:
                address6 = ipaddress.IPv6Address(int(digits, 16))
                if not address6.is_link_local and not address6.is_loopback:
                    found[str(address6)] = None
    return list(found)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _plain(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return name.lower().encode("idna").decode("ascii")
    except UnicodeError as fault:
        reason = f"{name!r} can't be a host name ({fault}): correct it in the settings"
        raise ServingError(reason) from fault


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names_of(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(sorted(str(name.value) for name in names))


def _read_certificate(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable for others on the way."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
