"""The same bits on any machine: recorded hashes, other processes, other instruction sets."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from mcbench.data.generated import build_scene
from tests.data.generated.hashing import CANONICAL, RECORDED, SMALL, frame_hash, recorded_frames

FRAMES = {name: (spec, index, size) for name, spec, index, size in recorded_frames()}
HASHES: dict[str, str] = json.loads(RECORDED.read_text(encoding="utf-8"))
QUICK = [name for name, (_, _, size) in FRAMES.items() if size == SMALL][::3]
QUICK += [name for name, (_, _, size) in FRAMES.items() if size == CANONICAL][:2]

_CODE = """
import sys
from tests.data.generated.hashing import frame_hash, recorded_frames
from mcbench.data.generated import build_scene
wanted = sys.argv[1:]
for name, spec, index, size in recorded_frames():
    if name in wanted:
        print(frame_hash(build_scene(spec).render(index, size)))
"""


def test_every_frame_of_the_list_is_recorded() -> None:
    assert set(HASHES) == set(FRAMES)
    assert len(set(HASHES.values())) == len(HASHES)


@pytest.mark.parametrize("name", QUICK)
def test_recorded_hash(name: str) -> None:
    spec, index, size = FRAMES[name]
    assert frame_hash(build_scene(spec).render(index, size)) == HASHES[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FRAMES if name not in QUICK])
def test_recorded_hash_of_the_rest(name: str) -> None:
    spec, index, size = FRAMES[name]
    assert frame_hash(build_scene(spec).render(index, size)) == HASHES[name]


def test_another_process_without_wide_instructions_gives_the_same_bits() -> None:
    """NumPy's dispatch is told to do without what it found here beyond its baseline."""
    names = QUICK[:3]
    found = np.__config__.CONFIG["SIMD Extensions"].get("found", [])
    environment = os.environ | {"PYTHONHASHSEED": "7", "NPY_DISABLE_CPU_FEATURES": " ".join(found)}
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *names], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == [HASHES[name] for name in names]
