"""What OpenVINO leaves behind in a process that goes on without it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

_LET_GO_IN_A_THREAD = """
import faulthandler, gc, signal, subprocess, sys, threading
import torch
from mcbench.metrics.networks.openvino_runner import OpenVinoRunner
faulthandler.enable()
box = [OpenVinoRunner(torch.nn.Conv2d(3, 4, 3).eval(), "f32")]
box[0](torch.zeros(1, 3, 8, 8))
def let_go():
    box.clear()
    gc.collect()
thread = threading.Thread(target=let_go)
thread.start()
thread.join()
ended = []
signal.signal(signal.SIGCHLD, lambda *_: ended.append(1))
subprocess.run([sys.executable, "-c", ""], check=True)
print("alive", len(ended))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="this system has no signal for an ended child")
def test_a_signal_is_survived_after_a_network_was_let_go_of_in_another_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LET_GO_IN_A_THREAD], capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-500:]}"
    assert done.stdout.strip() == "alive 1"
