"""What makes a password acceptable, and argon2."""

from __future__ import annotations

import pytest

from appliance.serving.passwords import Passwords, flaw


@pytest.mark.parametrize(
    "password", ["eine lange Reihe", "correct horse battery", "пароль из слов", "x7$Kp2!qLm", "a" * 5 + "bcdefg"]
)
def test_ok__length_is_enough(password: str) -> None:
    assert flaw(password, "Jo Meyer") is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "short"),
        ("", "short"),
        ("x" * 300, "long"),
        ("Password123", "common"),
        ("1234567890", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("abababababab", "common"),
        ("Jo Meyer 12", "name"),
    ],
)
def test_fail__says_why(password: str, why: str) -> None:
    assert flaw(password, "Jo Meyer") == why


def test_the_right_password_is_known_again_and_others_are_not() -> None:
    passwords = Passwords(time_cost=1, memory_kib=64)
    kept = passwords.hash("eine lange Reihe")
    assert kept is not None
    assert kept.startswith("$argon2id$")
    assert passwords.check(kept, "eine lange Reihe") is True
    assert passwords.check(kept, "eine lange Reih") is False


def test_the_same_characters_typed_in_another_way_are_the_same_password() -> None:
    passwords = Passwords(time_cost=1, memory_kib=64)
    kept = passwords.hash("Zoe\u0308 und Bjo\u0308rn")
    assert passwords.check(kept, "Zo\u00eb und Bj\u00f6rn") is True


@pytest.mark.parametrize("kept", [None, "", "not a hash", "$argon2id$v=19$m=64,t=1,p=1$bad$bad"])
def test_nobody_gets_in_without_a_sound_hash(kept: str | None) -> None:
    assert Passwords(time_cost=1, memory_kib=64).check(kept, "nobody's") is False


def test_hashes_of_other_parameters_are_outdated() -> None:
    old, new = Passwords(time_cost=1, memory_kib=64), Passwords(time_cost=2, memory_kib=128)
    kept = old.hash("eine lange Reihe")
    assert kept is not None
    assert not old.outdated(kept)
    assert new.outdated(kept)
