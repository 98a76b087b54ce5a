"""Pairing what a run has made with the prepared clips that it was made from."""

from __future__ import annotations

from pathlib import Path

from mcbench.data import Clip
from mcbench.errors import DataMissingError, FileFormatError, MismatchError
from mcbench.records import RunRecord, VideoResult
from mcbench.scoring.pairing import FramePair, PairedVideo, Pairing
from mcbench.video import open_frames


def pair_run(run: RunRecord, folder: Path, clips: dict[str, Clip], allow_missing: bool) -> Pairing:
    """Pair the frames of a run with those of the clips, by index.

    Args:
        run: its record.
        folder: of the run.
        clips: id -> prepared clip.
        allow_missing: leave out and list what cannot be read or was made from another clip.

    Raises:
        FileFormatError, MismatchError, DataMissingError: a video is not what the record says, its clip has
            changed or is not prepared, and `allow_missing` is false; or nothing is left to score.
    """
    results = {result.video: result for result in run.videos}
    pairing = expected_of(run, clips)
    for name in run.split.expected:
        result, clip = results.get(name), clips.get(name)
        if result is None or result.status == "failed":
            pairing.missing_videos.append(name)
            if result is not None:
                pairing.excluded[name] = f"the run failed: {result.reason}"
            continue
        try:
            pairing.videos.append(_pair_video(result, folder / "frames" / name, clip, run))
        except (FileFormatError, MismatchError, DataMissingError) as error:
            if not allow_missing:
                raise
            pairing.missing_videos.append(name)
            pairing.excluded[name] = error.message
    if not pairing.videos:
        raise DataMissingError(
            f"the run {folder} has no video that can be scored",
            "; ".join(pairing.excluded.values()) or "finish it with mcbench run",
        )
    return pairing


def expected_of(run: RunRecord, clips: dict[str, Clip]) -> Pairing:
    """Return a pairing without videos that says how many videos and frames there should be.

    A clip that is not prepared counts with the frames that it is known to have, and a benchmark that says how
    large it is with at least that, so that an incomplete copy never looks complete.
    """
    split = run.split
    known = {result.video: result.n_frames for result in run.videos} | split.missing_frames
    known |= {name: clip.record.n_frames for name, clip in clips.items()}
    frames = sum(known.get(name, 0) for name in split.expected)
    return Pairing(
        videos_expected=list(split.expected),
        videos_unnamed=max(0, (split.videos or 0) - len(split.expected)),
        frames_expected=max(frames, split.frames or 0),
    )


def _pair_video(result: VideoResult, frames: Path, clip: Clip | None, run: RunRecord) -> PairedVideo:
    if clip is None:
        raise DataMissingError(
            f"the clip {result.video} of {run.split.name} is not prepared",
            f"mcbench data prepare {run.split.benchmark} --source {run.split.source}",
        )
    if result.clip_sha256 is not None and result.clip_sha256 != clip.record.frames_sha256:
        raise MismatchError(
            f"the clip {result.video} has changed since the run was made from it",
            "generate it again: mcbench run with the same options and --overwrite",
        )
    predicted = open_frames(frames)
    if predicted.n_frames != result.n_frames or result.n_frames > clip.record.n_frames:
        raise MismatchError(
            f"{frames} holds {predicted.n_frames} frames, run.json says {result.n_frames}, the clip has "
            f"{clip.record.n_frames}",
            "run the same mcbench run again; it makes the video anew",
        )
    wrong = [index for index in range(result.n_frames) if not (frames / f"{index:06d}.png").is_file()]
    if wrong:
        raise MismatchError(f"{frames} has no {wrong[0]:06d}.png", "run the same mcbench run again")
    whole = result.n_frames == clip.record.n_frames
    return PairedVideo(
        name=result.video,
        prediction=frames,
        truth=clip.folder / "frames",
        prediction_size=predicted.size,
        truth_size=clip.record.size,
        frames=tuple(FramePair(index, index, index) for index in range(result.n_frames)),
        prediction_sha256=result.frames_sha256,
        truth_sha256=clip.record.frames_sha256 if whole else None,
        truth_clip=clip.folder,
    )
