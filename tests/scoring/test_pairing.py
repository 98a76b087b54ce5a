"""What pairs with what, and that nothing is left out in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcbench.errors import DataMissingError, FileFormatError, MismatchError
from mcbench.scoring.pairing import PairedVideo, list_videos, pair_folders, pair_numbers
from mcbench.video import open_frames, write_png, write_preview
from tests.scoring.making import clip, write_folder


def _in_step(video: PairedVideo):
    predicted, true = open_frames(video.prediction), open_frames(video.truth)
    return [(pair, predicted[pair.prediction], true[pair.truth]) for pair in video.frames]


def _two(tmp_path: Path, predicted: dict[str, int], true: dict[str, int]) -> tuple[Path, Path]:
    sides = []
    for side, lengths in (("predictions", predicted), ("truth", true)):
        videos = {name: clip(len(name), length) for name, length in lengths.items()}
        sides.append(write_folder(tmp_path / side, videos))
    return sides[0], sides[1]


def test_videos_pair_by_name_and_frames_by_number(tmp_path: Path) -> None:
    pairing = pair_folders(*_two(tmp_path, {"b": 3, "a": 4}, {"a": 4, "b": 3}))
    assert [video.name for video in pairing.videos] == ["a", "b"]
    assert [(pair.index, pair.prediction, pair.truth) for pair in pairing.videos[1].frames] == [
        (0, 0, 0),
        (1, 1, 1),
        (2, 2, 2),
    ]
    assert pairing.frames_expected == 7
    assert not pairing.excluded


def test_numbers_from_zero_pair_with_numbers_from_one(tmp_path: Path) -> None:
    frames = clip(0, 4)
    predictions = write_folder(tmp_path / "p", {"v": frames})
    truth = write_folder(tmp_path / "t", {"v": frames}, first=1)
    pairing = pair_folders(predictions, truth)
    assert [pair.index for pair in pairing.videos[0].frames] == [0, 1, 2, 3]
    for _, predicted, true in _in_step(pairing.videos[0]):
        np.testing.assert_array_equal(predicted, true)


def test_a_video_file_pairs_with_a_folder_of_frames(tmp_path: Path) -> None:
    frames = clip(0, 5, (48, 32))
    (tmp_path / "p").mkdir()
    write_preview(tmp_path / "p" / "v.mp4", list(frames), 25.0)
    truth = write_folder(tmp_path / "t", {"v": frames})
    pairing = pair_folders(tmp_path / "p", truth)
    assert len(pairing.videos[0].frames) == 5


def test_one_pair_need_not_share_a_name(tmp_path: Path) -> None:
    frames = clip(0, 3)
    write_folder(tmp_path, {"mine": frames, "theirs": frames})
    pairing = pair_folders(tmp_path / "mine", tmp_path / "theirs")
    assert [video.name for video in pairing.videos] == ["theirs"]


def test_videos_that_do_not_pair_are_named_or_listed(tmp_path: Path) -> None:
    predictions, truth = _two(tmp_path, {"a": 3, "extra": 3}, {"a": 3, "lost": 4})
    with pytest.raises(MismatchError, match=r"lost not in .*predictions; extra not in .*truth") as caught:
        pair_folders(predictions, truth)
    assert "--allow-missing" in caught.value.hint
    pairing = pair_folders(predictions, truth, allow_missing=True)
    assert [video.name for video in pairing.videos] == ["a"]
    assert pairing.missing_videos == ["lost"]
    assert set(pairing.excluded) == {"lost", "extra"}
    assert pairing.frames_expected == 7


def test_no_common_name_is_an_error_even_when_missing_is_allowed(tmp_path: Path) -> None:
    predictions, truth = _two(tmp_path, {"a": 3, "b": 3}, {"c": 3, "d": 3})
    with pytest.raises(MismatchError, match=r"\(a, b\) has its name in .* \(c, d\)"):
        pair_folders(predictions, truth, allow_missing=True)


def test_unequal_lengths_are_named_or_listed(tmp_path: Path) -> None:
    predictions, truth = _two(tmp_path, {"a": 3}, {"a": 5})
    with pytest.raises(
        MismatchError, match=r"video a do not pair: 3 predicted, 5 true; frame 3, not predicted"
    ):
        pair_folders(predictions, truth)
    pairing = pair_folders(predictions, truth, allow_missing=True)
    assert [pair.index for pair in pairing.videos[0].frames] == [0, 1, 2]
    assert pairing.excluded["a/frame 3, not predicted"] == "on one side only"
    assert pairing.frames_expected == 5


def test_a_missing_frame_in_the_middle_does_not_shift_the_rest(tmp_path: Path) -> None:
    predictions, truth = _two(tmp_path, {"a": 6}, {"a": 6})
    (predictions / "a" / "000002.png").unlink()
    (truth / "a" / "000005.png").unlink()
    with pytest.raises(MismatchError, match=r"5 predicted, 5 true; frame 2, not predicted, frame 5, not in"):
        pair_folders(predictions, truth)
    pairing = pair_folders(predictions, truth, allow_missing=True)
    for pair, predicted, true in _in_step(pairing.videos[0]):
        np.testing.assert_array_equal(predicted, clip(1, 6)[pair.index])
        np.testing.assert_array_equal(predicted, true)
    assert [pair.index for pair in pairing.videos[0].frames] == [0, 1, 3, 4]


def test_unreadable_videos_are_named_or_listed(tmp_path: Path) -> None:
    predictions, truth = _two(tmp_path, {"a": 3}, {"a": 3, "b": 2})
    (predictions / "b.mp4").write_bytes(b"no video at all")
    with pytest.raises(FileFormatError, match=r"b\.mp4"):
        pair_folders(predictions, truth)
    pairing = pair_folders(predictions, truth, allow_missing=True)
    assert pairing.missing_videos == ["b"]
    assert "b.mp4" in pairing.excluded["b"]
    (predictions / "a" / "000000.png").write_bytes(b"")
    with pytest.raises(MismatchError, match="nothing is left to compare"):
        pair_folders(predictions, truth, allow_missing=True)


def test_places_without_videos_are_refused(tmp_path: Path) -> None:
    good = write_folder(tmp_path / "good", {"a": clip(0, 2)})
    with pytest.raises(DataMissingError, match=r"prediction .*absent does not exist"):
        pair_folders(tmp_path / "absent", good)
    (tmp_path / "empty" / "a").mkdir(parents=True)
    with pytest.raises(DataMissingError, match=r"ground truth .*empty holds no videos"):
        pair_folders(good, tmp_path / "empty")


def test_two_videos_of_one_name_and_mixed_folders_are_refused(tmp_path: Path) -> None:
    frames = clip(0, 3, (32, 32))
    folder = write_folder(tmp_path / "p", {"v": frames})
    write_preview(folder / "v.mp4", list(frames), 25.0)
    with pytest.raises(MismatchError, match="two videos of one name"):
        list_videos(folder, "prediction")
    mixed = write_folder(tmp_path / "m", {"v": frames})
    write_png(mixed / "000000.png", frames[0])
    with pytest.raises(MismatchError, match="side by side"):
        list_videos(mixed, "prediction")


def test_hidden_entries_are_passed_over(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "p", {"v": clip(0, 2), ".cache": clip(1, 2)})
    (folder / "notes.txt").write_text("not a video")
    assert list(list_videos(folder, "prediction")[0]) == ["v"]


def test_names_without_numbers_count_by_their_place(tmp_path: Path) -> None:
    frames = clip(0, 3)
    for side in ("p", "t"):
        (tmp_path / side / "v").mkdir(parents=True)
        for name, frame in zip(("one", "three", "two"), frames, strict=True):
            write_png(tmp_path / side / "v" / f"{name}.png", frame)
    assert len(pair_folders(tmp_path / "p", tmp_path / "t").videos[0].frames) == 3


@given(
    st.lists(st.integers(0, 30), min_size=1, unique=True).map(sorted),
    st.lists(st.integers(2, 30), min_size=1, unique=True).map(sorted),
)
def test_every_number_is_paired_or_told(predicted: list[int], true: list[int]) -> None:
    if predicted[0] == 1:
        predicted = [0, *predicted]
    pairs, lonely = pair_numbers(predicted, true)
    assert len(pairs) == len(set(predicted) & set(true))
    assert len(lonely) == len(set(predicted) ^ set(true))
    for pair in pairs:
        assert predicted[pair.prediction] == true[pair.truth] == pair.index + true[0]
