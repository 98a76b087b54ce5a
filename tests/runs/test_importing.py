"""`mcbench import`: what fits becomes a run that scores; what does not is told before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcbench import video
from mcbench.data import open_split, prepare
from mcbench.errors import InputError, MismatchError
from mcbench.records import RunRecord
from mcbench.runs.importing import ImportRequest, import_run
from tests.video.making import numbered, write_video

SIZE = (48, 64)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Two prepared clips of four frames, and a folder of pictures for each."""
    videos, made = tmp_path / "videos", tmp_path / "made"
    videos.mkdir()
    for name in ("a", "b"):
        write_video(videos / f"{name}.mp4", numbered(4, *SIZE))
    assert prepare("local", from_path=videos, name="real").complete
    for clip in open_split("local/real").clips:
        for index, frame in enumerate(clip.frames()):
            video.write_png(made / clip.record.id / f"{index:03d}.png", frame)
    return made


def ask(made: Path, **more: object) -> RunRecord:
    request = ImportRequest("gen-9", made, "local/real", out=made.parent / "results", **more)  # type: ignore[arg-type]
    return import_run(request)


def nothing_written(made: Path) -> bool:
    return not list((made.parent / "results").rglob("*.png")) and not list(made.parent.rglob("run.json"))


def test_videos_become_a_run(made: Path) -> None:
    record = ask(made)
    assert (record.model.kind, record.model.display_name) == ("import", "gen-9 (imported)")
    clips = open_split("local/real").clips
    assert [each.frames_sha256 for each in record.videos] == [clip.record.frames_sha256 for clip in clips]
    folder = made.parent / "results" / "gen-9" / "local" / "real"
    assert RunRecord.read(folder / "run.json") == record
    assert len(list((folder / "frames" / "a").glob("*.png"))) == 4
    with pytest.raises(InputError, match="holds a run already"):
        ask(made)


def test_a_missing_video_is_told_with_the_name_that_is_near(made: Path) -> None:
    (made / "b").rename(made / "b_result")
    with pytest.raises(MismatchError, match="has no video of b, of 2 clips") as caught:
        ask(made)
    assert caught.value.hint.startswith("it has b_result: name each like its clip")
    assert nothing_written(made)
    assert [each.video for each in ask(made, partial=True).videos] == ["a"]


def test_too_few_frames_are_told(made: Path) -> None:
    (made / "b" / "003.png").unlink()
    with pytest.raises(MismatchError, match="1 of 2 videos do not fit: b has 3 frames, and 4 are wanted"):
        ask(made)
    assert nothing_written(made)
    assert [each.n_frames for each in ask(made, limit_frames=3).videos] == [3, 3]


def test_another_shape_is_told_and_stretched_only_when_asked(made: Path) -> None:
    for path in (made / "b").iterdir():
        video.write_png(path, video.fit_frame(video.read_image(path), (32, 32)))
    with pytest.raises(MismatchError, match="b is 32x32, another shape than its clip's 48x64"):
        ask(made)
    assert nothing_written(made)
    record = ask(made, resample=("size",))
    assert {each.size for each in record.videos} == {SIZE}
    assert record.videos[1].facts == {"resampled": "size 32x32 to 48x64"}
    assert record.model.sampler == {"resampled": "size"}


def test_another_rate_is_told_and_brought_over_only_when_asked(made: Path) -> None:
    rate = open_split("local/real").clips[0].record.fps
    with pytest.raises(MismatchError, match=f"has {2 * rate:g} frames a second, and its clip {rate:g}"):
        ask(made, fps=2 * rate)
    for name in ("a", "b"):
        frames = sorted((made / name).iterdir())
        for index, path in enumerate(frames):
            video.write_png(made / name / f"{4 + index:03d}.png", video.read_image(path))
    record = ask(made, fps=2 * rate, resample=("fps",))
    assert [each.n_frames for each in record.videos] == [4, 4]
    assert record.videos[0].facts == {"resampled": f"fps {2 * rate:g} to {rate:g}"}
    with pytest.raises(MismatchError, match="gives 2 frames"):
        for name in ("a", "b"):
            for index in range(4, 8):
                (made / name / f"{index:03d}.png").unlink()
        ask(made, fps=2 * rate, resample=("fps",), overwrite=True)


def test_two_videos_of_one_clip_are_told(made: Path) -> None:
    write_video(made / "a.mp4", numbered(4, *SIZE))
    with pytest.raises(InputError, match="are two videos of one clip"):
        ask(made)
    with pytest.raises(InputError, match="there is no folder"):
        ask(made / "absent")
