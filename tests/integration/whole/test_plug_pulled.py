"""kill -9 of every process of a hub, of central and of the broker, while people scan."""

from __future__ import annotations

import os
import random
from contextlib import closing

import pytest

from appliance.store.reading import iter_bodies, open_reader
from appliance.store.rows import DECODE_ROW
from tests.rig import Rig

SEED = int(os.environ.get("SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)


@pytest.mark.parametrize("kills", [20, pytest.param(int(os.environ.get("SOAK_KILLS", "1000")), marks=pytest.mark.soak)])
def test_whatever_is_killed_each_green_is_one_row_and_central_counts_what_the_hubs_count(tmp_path, kills):
    chance = random.Random(SEED)
    print(f"SOAK_SEED={SEED} SOAK_KILLS={kills}")
    # Enough people for all the verdicts that are waited for.
    with Rig(tmp_path / "event", seed=SEED, tickets=500 + 8 * kills) as rig:
        rig.until_verdicts(2)
        for _ in range(kills):
            rig.kill(chance.choice(rig.names()))
            rig.until_verdicts(chance.randrange(1, 3))
        rig.close_doors()
        rig.recounts_agree()
        nonces = []
        for hub in rig.plan.hubs:
            with closing(open_reader(hub.directory / "ledger.db")) as ledger:
                rows = [DECODE_ROW.decode(body) for *_, body in iter_bodies(ledger)]
            entered = [row.ticket for row in rows if row.kind == "entry"]
            assert len(entered) == len(set(entered)), "a ticket was let in twice"
            nonces += [row.nonce for row in rows]
        assert len(nonces) == len(set(nonces)), "a scan was recorded twice"
        assert rig.greens <= set(nonces), "a screen showed green and no row says so"
        assert rig.greens
