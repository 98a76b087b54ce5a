"""Which clips exist: the test split, the demo preset and the endless training split, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcbench.data.generated.arithmetic import Random, seed_of

GENERATOR_VERSION = 1
"""Goes up whenever a pixel or a number of the truth changes."""

Split = Literal["train", "test", "demo"]
Pool = Literal["train", "test"]
CANONICAL_SIZE = (896, 640)
"""(height, width) at which truth is kept and hashed."""

_RATES = (8.0, 10.0, 12.0, 15.0, 20.0, 24.0, 25.0, 30.0)
_TEST_FRAMES = (
    (2, 25.0, 212), (3, 30.0, 240), (4, 24.0, 196), (5, 15.0, 180), (2, 12.0, 150),
    (3, 20.0, 200), (4, 30.0, 256), (5, 25.0, 220), (2, 30.0, 264), (3, 8.0, 112),
    (4, 15.0, 176), (5, 30.0, 248), (2, 20.0, 192), (3, 25.0, 208), (4, 10.0, 128),
    (5, 24.0, 204), (3, 15.0, 168), (2, 24.0, 188), (4, 25.0, 216), (3, 12.0, 159),
)  # fmt: skip


@dataclass(frozen=True)
class SceneSpec:
    """Everything that decides a clip.

    Attributes:
        id: name of the clip.
        split: decides the pools that people, motions and backgrounds are drawn from; `demo` uses those
            of `test`.
        index: place in the split, from 0.
        seed: seed of all that is random in the clip.
        n_frames: number of frames.
        fps: frames a second.
        n_people: number of people, 2 to 5.
    """

    id: str
    split: Split
    index: int
    seed: int
    n_frames: int
    fps: float
    n_people: int

    def __post_init__(self) -> None:
        if not 2 <= self.n_people <= 5:
            raise ValueError(f"a scene has 2 to 5 people, not {self.n_people}")
        if self.n_frames < 1 or self.fps <= 0 or self.index < 0:
            raise ValueError(
                f"a scene needs frames, a rate and an index from 0: n_frames={self.n_frames}, "
                f"fps={self.fps}, index={self.index}"
            )

    @property
    def pool(self) -> Pool:
        """Which people, motions and backgrounds the clip is drawn from."""
        return "train" if self.split == "train" else "test"


def _seed(split: Split, index: int) -> int:
    return seed_of("multi-character", GENERATOR_VERSION, split, index)


def test_clips() -> tuple[SceneSpec, ...]:
    """Return the 20 clips of the benchmark: 3,917 frames in all."""
    return tuple(
        SceneSpec(f"mc-{index + 1:02d}", "test", index, _seed("test", index), frames, fps, people)
        for index, (people, fps, frames) in enumerate(_TEST_FRAMES)
    )


def demo_clips() -> tuple[SceneSpec, ...]:
    """Return the demo's 4 clips of 32 frames, with two, three, four and five people."""
    return tuple(
        SceneSpec(f"demo-{index + 1:02d}", "demo", index, _seed("demo", index), 32, 15.0, index + 2)
        for index in range(4)
    )


def train_clip(index: int, n_frames: int = 32) -> SceneSpec:
    """Return the training clip of that index (from 0, without end)."""
    seed = _seed("train", index)
    random = Random(seed, "clip")
    people = 2 + random.integer(4)
    return SceneSpec(f"train-{index:06d}", "train", index, seed, n_frames, random.choice(_RATES), people)
