"""Which frame is compared with which: by the video's name, then by the frame's number; never by guess."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mcbench.errors import DataMissingError, FileFormatError, MismatchError
from mcbench.records import Part, Sha256, Size
from mcbench.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES, FrameSource, open_frames
from mcbench.video.folders import natural_key

_LENIENT = "name the frames and videos alike on both sides, or score what pairs with --allow-missing"
_SHOWN = 6


@dataclass(frozen=True)
class FramePair:
    """One frame of a video: its index (0 is the reference) and where it stands on either side."""

    index: int
    prediction: int
    truth: int


class PairedVideo(Part):
    """A video that is on both sides: plain values, so that any process can score it."""

    name: str
    prediction: Path
    """A folder of pictures, or a video."""
    truth: Path
    prediction_size: Size
    """As stored."""
    truth_size: Size
    frames: tuple[FramePair, ...]
    """In order of index."""
    prediction_sha256: Sha256 | None = None
    """`FramesDigest` that the frames should have, where one is known."""
    truth_sha256: Sha256 | None = None
    truth_clip: Path | None = None
    """The prepared clip whose folder holds masks and poses, where the truth is one."""


@dataclass
class Pairing:
    """All videos that pair, and what was expected and is not there.

    Attributes:
        videos: in order of name.
        frames_expected: over all expected videos.
        videos_expected: names, in order.
        videos_unnamed: how many more are expected, whose names nobody knows.
        missing_videos: names of expected videos that are not scored.
        excluded: video, or VIDEO/frame N -> why it is left out; filled only where a flag allowed it.
    """

    videos: list[PairedVideo] = field(default_factory=list)
    frames_expected: int = 0
    videos_expected: list[str] = field(default_factory=list)
    videos_unnamed: int = 0
    missing_videos: list[str] = field(default_factory=list)
    excluded: dict[str, str] = field(default_factory=dict)


def list_videos(path: Path, side: str) -> tuple[dict[str, Path], bool]:
    """Return name -> path of the videos and frame folders at a path, and whether it is itself one video.

    A folder with pictures directly in it is one video; so is a video file. A folder that has neither
    videos nor sub-folders with pictures is refused.

    Raises:
        DataMissingError: nothing is there.
        MismatchError: two entries share a name, or pictures and videos lie side by side.
    """
    if not path.exists():
        raise DataMissingError(f"the {side} {path} does not exist")
    if path.is_file():
        return {path.stem: path}, True
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    pictures = [entry for entry in entries if _is_picture(entry)]
    videos = [entry for entry in entries if entry.is_file() and entry.suffix.lower() in VIDEO_SUFFIXES]
    folders = [entry for entry in entries if entry.is_dir() and _has_pictures(entry)]
    dangling = [entry for entry in entries if _is_dangling(entry)]
    if pictures and (videos or folders or dangling):
        other = (videos or folders or dangling)[0].name
        raise MismatchError(
            f"the {side} {path} holds frames ({pictures[0].name}) and videos ({other}) side by side",
            "give one folder of frames, or a folder of videos or frame folders",
        )
    if pictures:
        return {path.name: path}, True
    found: dict[str, Path] = {}
    for entry in videos + folders + dangling:
        name = entry.stem if entry.suffix.lower() in VIDEO_SUFFIXES and not entry.is_dir() else entry.name
        if name in found:
            raise MismatchError(f"the {side} has two videos of one name: {found[name]} and {entry}")
        found[name] = entry
    if not found:
        raise DataMissingError(
            f"the {side} {path} holds no videos and no folders of frames",
            f"frames are {', '.join(sorted(IMAGE_SUFFIXES))} files, one folder a video",
        )
    return dict(sorted(found.items())), False


def pair_folders(predictions: Path, ground_truth: Path, *, allow_missing: bool = False) -> Pairing:
    """Pair two folders of videos or frame folders, or two single videos or frame folders.

    Args:
        predictions: a folder or one video.
        ground_truth: likewise.
        allow_missing: leave out what does not pair or cannot be read, and list it.

    Raises:
        DataMissingError, FileFormatError, MismatchError: something does not pair or cannot be read, and
            `allow_missing` is false; or nothing pairs at all.
    """
    predicted, one_prediction = list_videos(predictions, "prediction")
    truths, one_truth = list_videos(ground_truth, "ground truth")
    if one_prediction and one_truth:
        # A single pair need not share a name.
        predicted = {next(iter(truths)): next(iter(predicted.values()))}
    return _pair(predicted, truths, predictions, ground_truth, allow_missing)


def _pair(
    predicted: Mapping[str, Path],
    truths: Mapping[str, Path],
    predictions: Path,
    ground_truth: Path,
    allow_missing: bool,
) -> Pairing:
    pairing = Pairing(videos_expected=list(truths))
    without_prediction = [name for name in truths if name not in predicted]
    without_truth = [name for name in predicted if name not in truths]
    if len(without_prediction) == len(truths):
        raise MismatchError(
            f"no video of {predictions} ({_some(predicted)}) has its name in {ground_truth} "
            f"({_some(truths)})",
            "name the videos alike on both sides",
        )
    if (without_prediction or without_truth) and not allow_missing:
        told = [
            f"{_some(names)} {where}"
            for names, where in (
                (without_prediction, f"not in {predictions}"),
                (without_truth, f"not in {ground_truth}"),
            )
            if names
        ]
        raise MismatchError(f"videos do not pair: {'; '.join(told)}", _LENIENT)
    pairing.excluded |= dict.fromkeys(without_truth, "no ground truth of this name")
    for name, truth in truths.items():
        if name not in predicted:
            pairing.excluded[name] = "no prediction of this name"
            pairing.missing_videos.append(name)
            pairing.frames_expected += _count_or_none(truth)
            continue
        try:
            video, expected = _pair_video(name, predicted[name], truth, allow_missing, pairing.excluded)
        except FileFormatError as error:
            if not allow_missing:
                raise
            pairing.excluded[name] = error.message
            pairing.missing_videos.append(name)
            pairing.frames_expected += _count_or_none(truth)
            continue
        pairing.frames_expected += expected
        pairing.videos.append(video)
    if not pairing.videos:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(pairing.excluded.items())[:_SHOWN])
        raise MismatchError(f"nothing is left to compare: {reasons}")
    return pairing


def _pair_video(
    name: str, prediction: Path, truth: Path, allow_missing: bool, excluded: dict[str, str]
) -> tuple[PairedVideo, int]:
    predicted_frames, true_frames = open_frames(prediction), open_frames(truth)
    predicted_numbers = frame_numbers(predicted_frames)
    true_numbers = frame_numbers(true_frames)
    pairs, lonely = pair_numbers(predicted_numbers, true_numbers)
    if lonely and not allow_missing:
        raise MismatchError(
            f"the frames of video {name} do not pair: {len(predicted_numbers)} predicted, "
            f"{len(true_numbers)} true; {_some(lonely)}",
            _LENIENT,
        )
    excluded |= {f"{name}/{what}": "on one side only" for what in lonely}
    if not pairs:
        raise FileFormatError(f"no frame of {prediction} has its number in {truth}")
    video = PairedVideo(
        name=name,
        prediction=prediction,
        truth=truth,
        prediction_size=predicted_frames.size,
        truth_size=true_frames.size,
        frames=tuple(pairs),
    )
    return video, true_frames.n_frames


def pair_numbers(predicted: list[int], true: list[int]) -> tuple[list[FramePair], list[str]]:
    """Pair frames by their numbers; also return names of those that are on one side only.

    Numbers that run without a gap from 0 or 1 count from the video's beginning, so 0, 1, 2 pairs with
    1, 2, 3.
    """
    predicted, true = _from_beginning(predicted), _from_beginning(true)
    first = true[0]
    position = {number: place for place, number in enumerate(predicted)}
    pairs = [
        FramePair(number - first, position[number], place)
        for place, number in enumerate(true)
        if number in position
    ]
    known = set(true)
    lonely = [f"frame {number}, not predicted" for number in true if number not in position]
    lonely += [f"frame {number}, not in the truth" for number in predicted if number not in known]
    return pairs, lonely


def frame_numbers(source: FrameSource) -> list[int]:
    """Return the number of each frame: the last number in a picture's name, or the place in a video.

    Pictures whose names lack numbers, or whose numbers do not rise, count by their place.
    """
    places = list(range(source.n_frames))
    if not source.path.is_dir():
        return places
    stems = [entry.stem for entry in source.path.iterdir() if _is_picture(entry)]
    found = [re.findall(r"[0-9]+", stem) for stem in sorted(stems, key=natural_key)]
    if len(found) != source.n_frames or not all(found):
        return places
    numbers = [int(parts[-1]) for parts in found]
    rising = all(before < after for before, after in itertools.pairwise(numbers))
    return numbers if rising else places


def _from_beginning(numbers: list[int]) -> list[int]:
    if numbers and numbers[0] == 1 and numbers == list(range(1, len(numbers) + 1)):
        return list(range(len(numbers)))
    return numbers


def _count_or_none(path: Path) -> int:
    try:
        return open_frames(path).n_frames
    except FileFormatError:
        return 0


def _has_pictures(folder: Path) -> bool:
    return any(_is_picture(entry) for entry in folder.iterdir())


def _is_picture(entry: Path) -> bool:
    return not entry.name.startswith(".") and entry.suffix.lower() in IMAGE_SUFFIXES and entry.is_file()


def _is_dangling(entry: Path) -> bool:
    """Return whether a link leads nowhere: a video that would be missed by nobody if it were passed over."""
    return entry.is_symlink() and not entry.exists() and entry.suffix.lower() not in IMAGE_SUFFIXES


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
