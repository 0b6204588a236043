"""Codes whose modules were seen badly: what is put right, and what is given up rather than made up."""

from __future__ import annotations

import numpy as np
import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.scanner.decoding.codewords import corrected_modules
from appliance.scanner.decoding.patterns import SIZES, fixed_modules
from appliance.scanner.decoding.reading import read_modules
from appliance.scanner.decoding.reed_solomon import corrected, syndromes
from appliance.scanner.drawn.card import code_modules


def sure(dark, noise, luck):
    return (np.where(dark, 1.0, -1.0) + luck.standard_normal(dark.shape) * noise).astype(np.float32)


@pytest.mark.parametrize("level", "LMQH")
@pytest.mark.parametrize("length", [5, 30, 60, 100, 150])
def test_a_code_seen_well_stays_as_it_is(level, length):
    dark = code_modules("x" * length, level=level, quiet=0)
    if dark.shape[0] not in SIZES:
        return
    mended = corrected_modules(sure(dark, 0, np.random.default_rng(1)))
    assert mended is not None
    assert read_modules(mended) == "x" * length


@pytest.mark.parametrize("size", SIZES)
def test_the_fixed_parts_are_those_of_every_code_of_that_size(size):
    fixed = fixed_modules(size)
    code = qrcode.QRCode(version=(size - 17) // 4, border=0, mask_pattern=3)
    code.add_data("TICKET-1")
    code.make(fit=False)
    dark = np.array(code.get_matrix())
    assert dark.shape == (size, size)
    assert (dark == fixed.dark)[fixed.known].all()
    assert fixed.timing_agreement(np.where(dark, 10, 240).astype(np.float32)) > 0.95


def test_modules_hard_to_see_are_doubted_and_so_more_codes_are_read_than_by_threshold_alone():
    luck = np.random.default_rng(2)
    read = {"by threshold": 0, "with doubt": 0}
    for number in range(60):
        text = f"TICKET-{number:06}"
        seen = sure(code_modules(text, quiet=0), 0.45, luck)
        read["by threshold"] += read_modules(seen > 0) == text
        mended = corrected_modules(seen)
        read["with doubt"] += mended is not None and read_modules(mended) == text
    assert read["with doubt"] > 1.3 * read["by threshold"]
    assert read["with doubt"] > 40


def test_a_code_seen_too_badly_is_given_up_and_never_made_up():
    luck = np.random.default_rng(3)
    for number in range(150):
        text = f"TICKET-{number:06}"
        mended = corrected_modules(sure(code_modules(text, level="L", quiet=0), luck.uniform(0.5, 1.5), luck))
        assert mended is None or read_modules(mended) == text
        assert corrected_modules(luck.standard_normal((25, 25)).astype(np.float32)) is None


def block_with(data: bytes, checks: int) -> np.ndarray:
    """The data with its error correction: of all check words those that leave no syndrome, found by elimination."""
    powers = [1]
    for _ in range(254):
        powers.append(powers[-1] << 1 ^ (0x11D if powers[-1] & 0x80 else 0))
    logs = {value: power for power, value in enumerate(powers)}

    def times(a: int, b: int) -> int:
        return powers[(logs[a] + logs[b]) % 255] if a and b else 0

    generator = [1]
    for root in range(checks):
        longer = [0, *generator]
        for i, factor in enumerate(generator):
            longer[i] ^= times(factor, powers[root])
        generator = longer
    rest = [*data, *([0] * checks)]
    for i in range(len(data)):
        lead = rest[i]
        for j, factor in enumerate(reversed(generator)):
            rest[i + j] ^= times(factor, lead)
    return np.array([*data, *rest[len(data) :]], np.uint8)


@settings(deadline=None, max_examples=60)
@given(
    data=st.binary(min_size=3, max_size=110),
    checks=st.sampled_from([7, 10, 13, 18, 26, 30]),
    spare=st.integers(0, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_block_is_put_right_while_errors_count_twice_and_doubts_once(data, checks, spare, seed):
    luck = np.random.default_rng(seed)
    block = block_with(data, checks)
    assert not any(syndromes(block, checks))
    doubts = int(luck.integers(0, checks - spare + 1))
    errors = int(luck.integers(0, (checks - spare - doubts) // 2 + 1))
    places = luck.permutation(len(block))[: doubts + errors]
    spoilt = block.copy()
    spoilt[places] ^= luck.integers(1, 256, len(places)).astype(np.uint8)
    mended = corrected(spoilt, checks, [int(place) for place in places[:doubts]], spare)
    assert mended is not None
    assert (mended == block).all()


def test_a_block_of_nonsense_is_not_put_right():
    luck = np.random.default_rng(4)
    for _ in range(300):
        nonsense = luck.integers(0, 256, 26, dtype=np.uint8)
        assert corrected(nonsense, 10, [int(place) for place in luck.permutation(26)[:6]], 4) is None
