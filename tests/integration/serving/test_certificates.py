"""The box's CA and leaf on a real disk."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from appliance.serving.certificates import (
    LEAF_DAYS,
    RENEW_DAYS,
    BoxCertificates,
    TlsFiles,
    box_addresses,
    box_names,
    fingerprint,
)
from appliance.serving.exceptions import ServingError

NOW = datetime(2026, 11, 24, 9, 12, 44, tzinfo=UTC)
NAMES = ["box", "box.local", "192.0.2.7", "fd00::2"]


def leaf_of(files: TlsFiles) -> x509.Certificate:
    return x509.load_pem_x509_certificates(files.chain.read_bytes())[0]


def test_the_leaf_has_all_names_and_is_signed_by_the_ca(tmp_path: Path) -> None:
    box = BoxCertificates(tmp_path / "certificates")
    files, is_new = box.ensure(NAMES, NOW)
    leaf = leaf_of(files)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert is_new
    assert set(names.get_values_for_type(x509.DNSName)) == {"box", "box.local"}
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert addresses == {"192.0.2.7", "fd00::2"}
    leaf.verify_directly_issued_by(box.authority())


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    BoxCertificates(tmp_path / "certificates").ensure(NAMES, NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "certificates").iterdir()}
    assert modes["ca.key"] == modes["pages.key"] == 0o600
    assert stat.S_IMODE((tmp_path / "certificates").stat().st_mode) == 0o700
    assert set(modes) == {"ca.key", "ca.pem", "pages.key", "pages.pem"}, "nothing half-written is left"


def test_the_same_names_need_no_new_leaf_and_other_names_do_under_the_same_ca(tmp_path: Path) -> None:
    box = BoxCertificates(tmp_path)
    box.ensure(NAMES, NOW)
    print_of_ca = fingerprint(box.authority())
    assert not box.ensure(list(reversed(NAMES)), NOW)[1]
    assert box.ensure([*NAMES, "192.0.2.8"], NOW)[1]
    assert fingerprint(box.authority()) == print_of_ca


def test_a_leaf_that_nears_its_end_is_renewed(tmp_path: Path) -> None:
    box = BoxCertificates(tmp_path)
    box.ensure(NAMES, NOW)
    assert not box.ensure(NAMES, NOW + timedelta(days=LEAF_DAYS - RENEW_DAYS - 2))[1]
    assert box.ensure(NAMES, NOW + timedelta(days=LEAF_DAYS - RENEW_DAYS))[1]


def test_phones_accept_the_leaf_s_length(tmp_path: Path) -> None:
    leaf = leaf_of(BoxCertificates(tmp_path).ensure(NAMES, NOW)[0])
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=825)


def test_a_clock_at_1970_gets_a_leaf_that_is_valid_then_and_now_until_it_is_set(tmp_path: Path) -> None:
    box = BoxCertificates(tmp_path)
    files, _ = box.ensure(NAMES, datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    leaf = leaf_of(files)
    assert leaf.not_valid_before_utc <= datetime(1970, 1, 1, tzinfo=UTC) < NOW < leaf.not_valid_after_utc
    assert not box.ensure(NAMES, datetime(1970, 1, 1, 0, 6, tzinfo=UTC))[1]
    assert box.ensure(NAMES, NOW)[1]
    assert box.authority().not_valid_before_utc <= datetime(1970, 1, 1, tzinfo=UTC)


def test_a_clock_that_was_ahead_is_no_reason_to_be_not_yet_valid(tmp_path: Path) -> None:
    box = BoxCertificates(tmp_path)
    box.ensure(NAMES, NOW + timedelta(days=3650))
    assert box.ensure(NAMES, NOW)[1]


@pytest.mark.parametrize("name", ["ca.key", "ca.pem", "pages.key", "pages.pem"])
@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_file_is_made_anew(tmp_path: Path, name: str, content: bytes) -> None:
    box = BoxCertificates(tmp_path)
    box.ensure(NAMES, NOW)
    (tmp_path / name).write_bytes(content)
    files, is_new = box.ensure(NAMES, NOW)
    assert is_new
    leaf_of(files).verify_directly_issued_by(box.authority())


@pytest.mark.parametrize("name", ["x" * 300, "é" * 80, "a..b"])
def test_fail__a_name_that_can_t_be_one_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ServingError, match="correct it in the settings"):
        BoxCertificates(tmp_path).ensure([name, "box"], NOW)


def test_names_beyond_ascii_go_in_as_browsers_ask_for_them(tmp_path: Path) -> None:
    leaf = leaf_of(BoxCertificates(tmp_path).ensure(["tür.example"], NOW)[0])
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["xn--tr-xka.example"]


def test_a_directory_that_can_t_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServingError, match="make it writable"):
        BoxCertificates(tmp_path / "file").ensure(NAMES, NOW)


def test_the_fingerprint_can_be_read_aloud(tmp_path: Path) -> None:
    box = BoxCertificates(tmp_path)
    box.ensure(NAMES, NOW)
    groups = fingerprint(box.authority()).split(" ")
    assert len(groups) == 16
    assert bytes.fromhex("".join(groups)) == box.authority().fingerprint(hashes.SHA256())


FIB_TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
Local:
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
           |-- 192.0.2.0
              /24 link UNICAST
           |-- 192.0.2.7
              /32 host LOCAL
           |-- 192.0.2.255
              /32 link BROADCAST
"""
IF_INET6 = """00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000002 02 40 00 80     eth0
fe80000000000000021122fffe334455 02 40 20 80     eth0
fd00000000000000aaaabbbbccccdddd 02 40 00 01     eth0
"""


def test_the_kernel_s_lists_give_the_box_s_lasting_addresses(tmp_path: Path) -> None:
    (tmp_path / "fib_trie").write_text(FIB_TRIE)
    (tmp_path / "if_inet6").write_text(IF_INET6)
    assert box_addresses(tmp_path) == ["192.0.2.7", "fd00::2"]
    assert box_addresses(tmp_path / "nowhere") == []
    assert {"localhost", "127.0.0.1", "door.example"} <= set(box_names(["door.example"], net=tmp_path))
