from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcbench.video import FramesDigest, digest_frames


def test_golden_value() -> None:
    """The hash is part of the file format: it may never change."""
    frame = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    content = b"mcbench-frames/1" + b"\x02\0\0\0\x03\0\0\0" + bytes(range(18))
    assert digest_frames([frame]) == hashlib.sha256(content).hexdigest()
    assert digest_frames([frame]) == "6b353c15cb9f5314f85a718290fe5afc6e1515cb1da220bd9512b9761ed5a1c1"
    assert digest_frames([]) == hashlib.sha256(b"mcbench-frames/1").hexdigest()


def test_shape_and_order_count() -> None:
    zeros = [np.zeros(shape, np.uint8) for shape in ((2, 8, 3), (4, 4, 3))]
    assert digest_frames(zeros[:1]) != digest_frames(zeros[1:])
    assert digest_frames(zeros) != digest_frames(zeros[::-1])
    assert digest_frames([zeros[1]] * 2) != digest_frames([np.zeros((8, 4, 3), np.uint8)])


@given(height=st.integers(1, 6), width=st.integers(1, 6), count=st.integers(1, 4))
def test_streaming_and_memory_layout_do_not_count(height: int, width: int, count: int) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    digest = FramesDigest()
    for frame in frames:
        digest.update(np.asfortranarray(frame))
        digest.hexdigest()
    assert digest.hexdigest() == digest_frames(frames)


@pytest.mark.parametrize(
    "frame", [np.zeros((2, 2, 3), np.float32), np.zeros((2, 2), np.uint8), np.zeros((2, 2, 4), np.uint8)]
)
def test_other_than_frames(frame: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a frame is uint8"):
        FramesDigest().update(frame)
