"""`ground-truth` and `ground-truth-h264`: the frames that methods are judged by, as they are and re-encoded.

Neither is a method: both are shown the truth, run records say so, and no leaderboard ranks them. The first
must score perfectly, whatever the protocol; the second says what the codec of a released video costs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import video
from mcbench.baselines.builtin.common import fit, true_frames, whole_number
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.errors import InputError
from mcbench.records import ModelDescription

_INPUTS = ("truth",)


class GroundTruth:
    """The clip's own frames."""

    def describe(self) -> ModelDescription:
        """Return its description: it is shown the truth."""
        return ModelDescription(
            id="ground-truth",
            display_name="ground-truth",
            kind="builtin",
            licence="Apache-2.0",
            inputs=_INPUTS,
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the true frames, resized only if another size was asked for.

        Raises:
            DataMissingError: the request does not show the truth.
        """
        for frame in true_frames(request, "ground-truth"):
            yield fit(frame, request.size)


class GroundTruthH264:
    """The clip's own frames after H.264 and back, in 4:2:0 as videos are released.

    Args:
        crf: x264's constant rate factor, 0 (lossless but for the halved colours) to 51.
        preset: x264's, such as `medium`.
    """

    def __init__(self, crf: int, preset: str) -> None:
        self._crf, self._preset = crf, preset

    def describe(self) -> ModelDescription:
        """Return its description: it is shown the truth; the encoder's settings are its sampler."""
        return ModelDescription(
            id="ground-truth-h264",
            display_name="ground-truth-h264",
            kind="builtin",
            licence="Apache-2.0",
            sampler={"codec": "libx264", "crf": self._crf, "preset": self._preset},
            inputs=_INPUTS,
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames of the video that the true frames were encoded to, in the size asked for.

        Raises:
            DataMissingError: the request does not show the truth.
        """
        frames = (fit(frame, request.size) for frame in true_frames(request, "ground-truth-h264"))
        height, width = request.size or request.reference_size
        with tempfile.TemporaryDirectory(prefix="mcbench-h264-") as folder:
            path = Path(folder) / "truth.mp4"
            video.write_preview(path, frames, request.fps, crf=self._crf, preset=self._preset)
            for frame in video.open_frames(path):
                yield np.ascontiguousarray(frame[:height, :width])  # odd sizes were made even


def load(device: str, options: Options) -> GroundTruth:
    """Return `ground-truth`; it takes no options and needs no device."""
    del device, options
    return GroundTruth()


def load_h264(device: str, options: Options) -> GroundTruthH264:
    """Return `ground-truth-h264`; `options` has `crf` and `preset`.

    Raises:
        InputError: `crf` is no whole number from 0 to 51, or x264 has no such preset.
    """
    del device
    crf, preset = whole_number(options, "crf", 23), options.get("preset", "medium")
    if not 0 <= crf <= 51:
        raise InputError(f"crf={crf} is not within x264's range", "give crf=0 (best) to crf=51")
    if preset not in video.H264_PRESETS:
        raise InputError(f"x264 has no preset {preset!r}", f"there are {', '.join(video.H264_PRESETS)}")
    return GroundTruthH264(crf, str(preset))
