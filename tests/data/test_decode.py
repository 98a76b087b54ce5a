"""From material to the frames of a clip: the decode path that preparing takes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import skimage.transform

from mcbench.data.decode import FilesWork, decode_clip, placement_of
from mcbench.data.layouts import ClipMaterial, Crop, Trim
from mcbench.data.manifest import ClipSettings
from mcbench.errors import DataMissingError, FileFormatError, MismatchError
from mcbench.video import Frame, digest_frames, open_frames, read_image, write_png
from tests.video.making import Colours, number_of, numbered, write_video

PINNED = "f3b999766903354813c219fcac7468f9cb01e1d947ab039f98834cc2813d3cfa"


def work(path: Path, settings: ClipSettings | None = None, **material: object) -> FilesWork:
    material_of_clip = ClipMaterial(id="x", path=str(path), **material)  # type: ignore[arg-type]
    return FilesWork(material=material_of_clip, settings=settings or ClipSettings())


def frames_in(folder: Path) -> list[Frame]:
    return [read_image(path) for path in sorted((folder / "frames").iterdir())]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("decode") / "a.mp4"
    write_video(path, numbered(90, 96, 128), rate=30, options={"crf": "20", "bf": "3", "g": "20"})
    return path


def test_without_any_change_it_is_what_open_frames_gives(video: Path, out: Path) -> None:
    decoded = decode_clip(work(video), out)
    assert (decoded.n_frames, decoded.fps, decoded.size) == (90, 30.0, (96, 128))
    assert decoded.frames_sha256 == digest_frames(open_frames(video)) == digest_frames(frames_in(out))
    names = [path.name for path in sorted((out / "frames").iterdir())]
    assert names == [f"{index:06d}.png" for index in range(90)]


def test_the_hash_of_known_pixels_has_not_changed(tmp_path: Path, out: Path) -> None:
    """A folder of pictures, since an encoder's version would change the pixels of a video."""
    for index, picture in enumerate(numbered(5)):
        write_png(tmp_path / "in" / f"{index}.png", picture)
    assert decode_clip(work(tmp_path / "in"), out).frames_sha256 == PINNED


def test_trim_rate_and_limit(video: Path, out: Path) -> None:
    trim = Trim(start=10, end=20, reference_fps=10.0)
    decoded = decode_clip(work(video, ClipSettings(fps=15.0, max_frames=7), trim=trim), out)
    assert (decoded.n_frames, decoded.fps) == (7, 15.0)
    # start * 30 <= i * 10 < end * 30: frames 30 to 59; every second one of them; seven.
    assert [number_of(frame) for frame in frames_in(out)] == list(range(30, 60, 2))[:7]


def test_trim_in_the_videos_own_frames(video: Path, out: Path) -> None:
    assert decode_clip(work(video, trim=Trim(start=5, end=9)), out).n_frames == 4
    assert [number_of(frame) for frame in frames_in(out)] == [5, 6, 7, 8]


def as_the_loader_does(path: Path, row: dict[str, float], shape: tuple[int, int]) -> list[np.ndarray]:
    """What the loader of the TED-talks set makes of a row: the conditions of load_videos.py, written anew."""
    result = []
    with av.open(str(path)) as container:
        fps = container.streams.video[0].average_rate
        for index, decoded in enumerate(container.decode(video=0)):
            if not row["start"] * fps <= index * Fraction(row["fps"]) < row["end"] * fps:
                continue
            frame = decoded.to_ndarray(format="rgb24")
            mult_x, mult_y = row["width"] / frame.shape[1], row["height"] / frame.shape[0]
            left, right = int(row["left"] / mult_x), int(row["right"] / mult_x)
            top, bottom = int(row["top"] / mult_y), int(row["bottom"] / mult_y)
            cut = frame[top:bottom, left:right]
            result.append(skimage.transform.resize(cut, shape, anti_aliasing=True, preserve_range=True))
    return result


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(24)])
def test_a_row_of_ted_talks(tmp_path: Path, out: Path, rate: Fraction) -> None:
    y, x = np.mgrid[:360, :480]
    waves = [np.stack([np.sin(x / 40 + y / 60 + k + phase) for phase in (0, 2, 4)], -1) for k in range(30)]
    pictures = [np.rint(127.5 + 90 * wave).astype(np.uint8) for wave in waves]
    write_video(tmp_path / "a.mp4", pictures, rate=rate, colours=Colours("709"))  # type: ignore[arg-type]
    row = {"start": 2, "end": 7, "fps": 10.0, "left": 105, "top": 11, "right": 666, "bottom": 570}
    row |= {"width": 944, "height": 708}
    expected = as_the_loader_does(tmp_path / "a.mp4", row, (384, 384))
    crop = Crop(left=105, top=11, right=666, bottom=570, of_width=944, of_height=708)
    trim = Trim(start=2, end=7, reference_fps=10.0)
    decoded = decode_clip(work(tmp_path / "a.mp4", ClipSettings(size=(384, 384)), trim=trim, crop=crop), out)
    assert decoded.n_frames == len(expected) > 10
    assert (decoded.size, decoded.fps) == ((384, 384), pytest.approx(float(rate)))
    for ours, theirs in zip(frames_in(out), expected, strict=True):
        difference = np.abs(ours - theirs)
        assert difference.mean() < 1.5
        assert difference[4:-4, 4:-4].max() < 8


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_size_and_fit(video: Path, out: Path, fit: str) -> None:
    settings = ClipSettings(size=(60, 60), fit=fit, max_frames=3)  # type: ignore[arg-type]
    decoded = decode_clip(work(video, settings), out)
    frames = frames_in(out)
    assert decoded.size == (60, 60)
    assert {frame.shape for frame in frames} == {(60, 60, 3)}
    black = [not frame[[0, -1]].any() for frame in frames]
    assert black == [fit == "pad"] * 3


def test_only_the_named_pictures_of_a_folder(tmp_path: Path, out: Path) -> None:
    for index, picture in enumerate(numbered(4)):
        write_png(tmp_path / "in" / f"{index}.png", picture)
        write_png(tmp_path / "in" / f"{index}_mask.png", picture[:8])
    decoded = decode_clip(work(tmp_path / "in", frames="?.png", fps=12.5), out)
    assert (decoded.n_frames, decoded.fps, decoded.size, decoded.decoder) == (4, 12.5, (64, 64), "images")
    with pytest.raises(FileFormatError, match="holds no frames that match"):
        decode_clip(work(tmp_path / "in", frames="*.jpg"), out)


def test_the_assumed_rate_is_the_last_resort(tmp_path: Path, out: Path) -> None:
    for index, picture in enumerate(numbered(6)):
        write_png(tmp_path / "in" / f"{index}.png", picture)
    settings = ClipSettings(assumed_fps=20.0)
    assert decode_clip(work(tmp_path / "in", settings), out).fps == 20.0
    halved = decode_clip(work(tmp_path / "in", ClipSettings(assumed_fps=20.0, fps=10.0)), out)
    assert (halved.n_frames, halved.fps) == (3, 10.0)


# --- what cannot be ----------------------------------------------------------------------------------


def test_missing_material(out: Path) -> None:
    gone = ClipMaterial(id="x", missing="the video is gone from YouTube")
    with pytest.raises(DataMissingError, match="clip x cannot be made: the video is gone"):
        decode_clip(FilesWork(material=gone), out)
    with pytest.raises(FileFormatError, match=r"b\.mp4: No such file"):
        decode_clip(work(out / "b.mp4"), out)


def test_a_trim_that_the_video_does_not_have(video: Path, out: Path) -> None:
    with pytest.raises(MismatchError, match=r"frames 60 to 119 of .*a\.mp4 are wanted .*ends with frame 89"):
        decode_clip(work(video, trim=Trim(start=20, end=40, reference_fps=10.0)), out)
    with pytest.raises(MismatchError, match="has no frame 90"):
        decode_clip(work(video, trim=Trim(start=90, end=95)), out)
    with pytest.raises(MismatchError, match="selects no frame"):
        decode_clip(work(video, trim=Trim(start=4.2, end=4.6)), out)


def test_a_crop_that_holds_no_pixel(video: Path) -> None:
    crop = Crop(left=3, top=3, right=6, bottom=6, of_width=4000, of_height=3000)
    with pytest.raises(MismatchError, match=r"the crop of clip x 3-3-6-6 .* holds no pixel"):
        placement_of(work(video, crop=crop), (96, 128))


def test_a_video_cut_short_or_damaged(video: Path, tmp_path: Path, out: Path) -> None:
    content = video.read_bytes()
    (tmp_path / "short.mp4").write_bytes(content[: len(content) // 2])
    with pytest.raises(FileFormatError, match=r"short\.mp4 is cut short"):
        decode_clip(work(tmp_path / "short.mp4"), out)
