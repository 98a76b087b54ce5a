"""What a run is expected to hold: an incomplete copy of a benchmark never looks complete."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mcbench.data import Clip
from mcbench.records import (
    ClipRecord,
    Coverage,
    Environment,
    ModelDescription,
    RunRecord,
    SplitRecord,
    VideoResult,
)
from mcbench.scoring.run_pairing import expected_of

NAMES = ("a", "b", "c", "d", "e")
FRAMES = st.integers(1, 50)


def clip(name: str, n_frames: int) -> Clip:
    record = ClipRecord(
        id=name, benchmark="b", source="s", n_frames=n_frames, fps=10, size=(8, 8), frames_sha256="0" * 64
    )
    return Clip(record, Path(name))


def run_of(split: SplitRecord, made: dict[str, int]) -> RunRecord:
    return RunRecord(
        model=ModelDescription(id="m", display_name="m", kind="builtin"),
        split=split,
        seed=0,
        size=None,
        videos=tuple(VideoResult(video=name, status="done", n_frames=n) for name, n in made.items()),
        environment=Environment(
            mcbench="0", python="3", platform="p", packages={}, hardware="h", device="cpu",
            git_commit=None, git_dirty=None,
        ),
        created="2026-11-21T00:00:00+00:00",
    )  # fmt: skip


@given(
    frames=st.fixed_dictionaries(dict.fromkeys(NAMES, FRAMES)),
    missing=st.sets(st.sampled_from(NAMES), max_size=4),
    known=st.sets(st.sampled_from(NAMES)),
    unnamed=st.integers(0, 3),
    lost_frames=st.integers(0, 9),
    says_size=st.booleans(),
)
def test_coverage_is_complete_only_where_nothing_is_lacking(
    frames: dict[str, int],
    missing: set[str],
    known: set[str],
    unnamed: int,
    lost_frames: int,
    says_size: bool,
) -> None:
    there = {name: count for name, count in frames.items() if name not in missing}
    total = sum(frames.values()) + lost_frames
    split = SplitRecord(
        benchmark="b",
        subset="default",
        source="s",
        canonical_size=None,
        networks="embedded",
        data_sha256="0" * 64,
        expected=NAMES,
        missing=tuple(sorted(missing)),
        missing_frames={name: frames[name] for name in missing & known},
        videos=len(NAMES) + unnamed if says_size else None,
        frames=total if says_size else None,
    )
    pairing = expected_of(run_of(split, there), {name: clip(name, count) for name, count in there.items()})
    coverage = Coverage(
        videos_expected=len(pairing.videos_expected) + pairing.videos_unnamed,
        videos_scored=len(there),
        frames_expected=pairing.frames_expected,
        frames_scored=sum(there.values()),
    )
    lacking = bool(missing) or (says_size and (unnamed > 0 or lost_frames > 0))
    assert coverage.complete == (not lacking)
    assert coverage.frames_expected >= coverage.frames_scored
    if says_size:
        assert (coverage.videos_expected, coverage.frames_expected) == (len(NAMES) + unnamed, total)
    elif missing <= known:
        assert coverage.frames_expected == sum(frames.values())
