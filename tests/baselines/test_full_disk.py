"""A disk that is really full: a small file system of its own, or a limit on the size of files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mcbench.baselines.external.installing import install_state
from mcbench.files import home
from tests.baselines.test_installing import with_environment
from tests.baselines.test_runner import write_method

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither of the two")

# A namespace of its own: nobody else sees what is mounted.
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]
MOUNT = 'mkdir -p "$0" && mount -t tmpfs -o size="$1" tmpfs "$0" && shift && exec "$@"'
SIZE = 200_000
DRIVER = """
import driver_kit as kit


def main(job):
    (job["folder"] / "more").write_bytes(bytes(kit.option(job, "gain")))
    for index in range(job["n_frames"]):
        kit.write_frame(job, index, kit.read_reference(job))


kit.run(main)
"""
# Three videos: one whose job is too large for the disk, one whose driver writes too much, one that fits.
ANIMATES = """
import sys
import numpy as np
from mcbench import baselines, files
from mcbench.baselines import AnimationRequest
from mcbench.errors import McbenchError

for side, more in ((400, 0), (32, 1_000_000), (32, 0)):
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    asked = AnimationRequest("clip", noise, None, 3, 25.0, None, 7)
    try:
        print(len(list(baselines.load(sys.argv[1], "cpu", {"gain": more}).animate(asked))), "frames")
    except McbenchError as error:
        print(type(error).__name__, error.in_one_line)
    print(list((files.home() / "baselines" / "jobs").iterdir()))
"""
INSTALLS = """
import pathlib, sys
from mcbench.baselines.external.installing import install, install_state
from mcbench.baselines.spec import Spec
from mcbench.errors import McbenchError

spec = Spec.model_validate_json(pathlib.Path(sys.argv[1]).read_text())
try:
    install(spec, builder="venv", offline=True)
except McbenchError as error:
    print(type(error).__name__, error.in_one_line)
print(install_state(spec).state)
"""


def on_a_small_disk(*words: str) -> list[str]:
    """Run a Python program with mcbench's home on a file system of `SIZE` bytes; return what it prints."""
    if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system in a namespace")
    mount = [*UNSHARE, "sh", "-c", MOUNT, str(home()), str(SIZE)]
    return _printed([*mount, sys.executable, "-c", *words])


def with_small_files(*words: str) -> list[str]:
    """Run a Python program in which no file may grow beyond `SIZE` bytes; return what it prints."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({SIZE}, {SIZE}))\n"
    return _printed([sys.executable, "-c", limit + words[0], *words[1:]])


def _printed(words: list[str]) -> list[str]:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("run", [on_a_small_disk, with_small_files])
def test_a_full_disk_is_told_leaves_nothing_and_the_next_video_is_made(tmp_path: Path, run) -> None:
    told = run(ANIMATES, write_method(tmp_path / "m", DRIVER))
    assert told[0].startswith("DiskSpaceError the disk is full: a job of small cannot be written to ")
    assert told[2].startswith("DiskSpaceError small on clip: the disk was full while its program wrote to ")
    assert all("make room, or choose another disk" in told[index] for index in (0, 2))
    assert told[1::2] == ["[]"] * 3
    assert told[4] == "3 frames"


def test_a_full_disk_while_installing_is_told_and_nothing_is_trusted(tmp_path: Path) -> None:
    method = with_environment()
    (tmp_path / "method.json").write_text(method.model_dump_json(), encoding="utf-8")
    told = on_a_small_disk(INSTALLS, str(tmp_path / "method.json"))
    assert told[0].startswith("DiskSpaceError "), told
    assert "make room" in told[0]
    assert told[1] in ("failed", "not installed")  # where the disk takes not even the reason
    assert install_state(method).state in ("failed", "not installed")
