"""A process one of whose threads has died."""

from __future__ import annotations

import subprocess
import sys

BODY = """
import threading
from appliance.running import run_until_told, set_up_logging

class Dying:
    fault = None
    def start(self):
        # As a page server's threads do: they wait for work that nobody will give them any more.
        threading.Thread(target=threading.Event().wait).start()
        self.fault = OSError("the disk is gone")
    def stop(self):
        raise AssertionError("there is nothing to stop cleanly")

set_up_logging("info")
run_until_told(Dying())
"""


def test_it_ends_with_70_whatever_its_other_threads_wait_for() -> None:
    done = subprocess.run([sys.executable, "-c", BODY], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 70, done.stderr
    assert "a thread died: OSError('the disk is gone')" in done.stderr
