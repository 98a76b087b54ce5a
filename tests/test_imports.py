"""Any module of scoring can be the first that a program imports: no circle that only some order hides."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mcbench

_EACH_ALONE = """
import os, sys
import av, cv2, lpips, pandas, pytorch_fid.inception, scipy.stats, torch, torchmetrics  # once for all
failed = []
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            __import__(name)
        except BaseException as error:
            print(f"{name}: {error!r}", flush=True)
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
sys.exit(len(failed))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a process for each module")
def test_every_module_of_scoring_can_be_imported_first() -> None:
    root = Path(mcbench.__file__).parent
    paths = [path.relative_to(root.parent).with_suffix("") for path in root.rglob("*.py")]
    names = sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)
    # The room with the most paths between its files; all rooms together would take minutes.
    names = [name for name in names if name.startswith("mcbench.scoring")]
    done = subprocess.run(
        [sys.executable, "-c", _EACH_ALONE, *names], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
