"""Whether a method keeps the contract: it animates a tiny generated clip of two people, point by point."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcbench import environment, video
from mcbench.baselines import registry
from mcbench.baselines.contract import Animator, Options
from mcbench.baselines.inputs import ClipInputs, clip_inputs
from mcbench.baselines.spec import Spec
from mcbench.data import Clip, load_clip
from mcbench.data.jobs import ClipJob, GeneratedWork, prepare_clip
from mcbench.errors import McbenchError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Part, Record, Size

SIZE: Size = (224, 160)
N_FRAMES = 4
_CLIP, _GENERATOR = "demo-01", 1
_SEED = 2**62 + 1
"""Larger than 32 bits, as the seeds of runs are."""
_STAND_IN = "a stand-in: masks of people in DensePose's place; it says nothing of the pictures made"
_COLOURS = np.asarray([(68, 1, 84), (53, 183, 121), (253, 231, 37)], np.uint8)


class Point(Part):
    """One thing that the contract asks for."""

    what: str
    state: Literal["holds", "FAILS", "not reached"]
    detail: str = ""


class CheckReport(Record):
    """What `mcbench baselines check` found."""

    method: str
    device: str
    points: tuple[Point, ...]

    @property
    def holds(self) -> bool:
        """Whether every point does."""
        return all(point.state == "holds" for point in self.points)


def check_method(
    name: str,
    *,
    options: Options | None = None,
    device: str = "auto",
    home: Path | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Run a method on a clip of four frames with two people and tell which points of the contract hold.

    The pictures are not judged: scores are for that.

    Raises:
        InputError: there is no such method.
        FileFormatError: its spec is not valid.
    """
    spec = registry.get(name, home)
    chosen = environment.pick_device(device)
    shown = progress or SilentProgress()
    with tempfile.TemporaryDirectory(prefix="mcbench-check-") as folder:
        return CheckReport(
            method=spec.id,
            device=chosen,
            points=tuple(_Check(name, spec, options or {}, chosen, home, shown).run(Path(folder))),
        )


class _Check:
    """The points in order; the first that fails leaves those after it unreached."""

    def __init__(
        self, name: str, spec: Spec, options: Options, device: str, home: Path | None, progress: Progress
    ) -> None:
        self._name, self._spec, self._options = name, spec, options
        self._device, self._home, self._progress = device, home, progress
        self._asked = (SIZE[0] // 2, SIZE[1] // 2)

    def run(self, folder: Path) -> list[Point]:
        steps: tuple[tuple[str, Callable[[Path], str]], ...] = (
            ("the method is installed and loads", self._load),
            ("the clip has what it needs", self._inputs),
            (f"it makes {N_FRAMES} frames, all of one size, not of one colour", self._make),
            ("the same request gives the same frames", self._repeat),
            (f"asked for {self._asked[0]}x{self._asked[1]}, it makes that", self._resize),
            ("it makes a video of one frame", self._single),
            ("it describes itself for the record", self._describe),
        )
        points: list[Point] = []
        self._progress.start(f"checking {self._spec.id}", len(steps))
        for what, step in steps:
            if any(point.state == "FAILS" for point in points):
                points.append(Point(what=what, state="not reached"))
            else:
                points.append(_tried(what, step, folder))
            self._progress.advance()
        return points

    def _load(self, folder: Path) -> str:
        self._animator: Animator = registry.load(self._name, self._device, self._options, self._home)
        return f"kind {self._spec.kind}, on {self._device}"

    def _inputs(self, folder: Path) -> str:
        self._clip, stood_in = _tiny_clip(folder / "clips" / _CLIP, self._spec)
        options = {**self._spec.options, **self._options}
        if "prompt" in self._spec.inputs and not options.get("prompt"):
            options["prompt"] = "two people dance"
        self._drawn: ClipInputs = clip_inputs(self._spec, self._clip, poses_by=None, options=options)
        told = [f"{kind}: {label}" for kind, label in self._drawn.conditions.items()]
        return "; ".join([*told, *([f"densepose is {_STAND_IN}"] if stood_in else [])]) or "a reference alone"

    def _make(self, folder: Path) -> str:
        self._first = self._animate(N_FRAMES, None)
        return f"{self._first.shape[1]}x{self._first.shape[2]}"

    def _repeat(self, folder: Path) -> str:
        again = self._animate(N_FRAMES, None)
        if again.shape != self._first.shape:
            raise ValueError(f"{self._first.shape[1:3]} first, then {again.shape[1:3]}")
        worst = int(np.abs(again.astype(np.int16) - self._first.astype(np.int16)).max())
        if worst > 1:  # programs of others may sum in another order
            raise ValueError(f"they differ by up to {worst} grey levels of 255; seed all that is random")
        return f"within {worst} grey levels"

    def _resize(self, folder: Path) -> str:
        made = self._animate(N_FRAMES, self._asked).shape[1:3]
        if made != self._asked:
            raise ValueError(f"it made {made[0]}x{made[1]}")
        return ""

    def _single(self, folder: Path) -> str:
        self._animate(1, None)
        return ""

    def _describe(self, folder: Path) -> str:
        described = self._animator.describe()
        if described.id != self._spec.id:
            raise ValueError(f"it calls itself {described.id!r}, and its spec says {self._spec.id!r}")
        if "truth" in self._spec.inputs and not described.sees_truth:
            raise ValueError("it is shown the truth, and its description does not say so")
        return f"{len(described.weights)} files of weights, licence {described.licence or 'not stated'}"

    def _animate(self, n_frames: int, size: Size | None) -> NDArray[np.uint8]:
        """Return uint8 [n_frames, height, width, 3], or raise for what the contract forbids."""
        request = self._drawn.request(self._clip, _CLIP, n_frames, size, _SEED)
        frames = list(self._animator.animate(request))
        if len(frames) != n_frames:
            raise ValueError(f"it made {len(frames)} frames, not {n_frames}")
        for frame in frames:
            if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
                raise ValueError(f"a frame is {frame.dtype} {frame.shape}, not uint8 [height, width, 3]")
            if frame.shape != frames[0].shape:
                raise ValueError(f"its frames are {frames[0].shape[:2]} and {frame.shape[:2]}")
        if all(bool((frame == frame[0, 0]).all()) for frame in frames):
            raise ValueError("all frames are of one colour")
        return np.stack(frames)


def _tried(what: str, step: Callable[[Path], str], folder: Path) -> Point:
    try:
        return Point(what=what, state="holds", detail=step(folder))
    except McbenchError as error:
        return Point(what=what, state="FAILS", detail=error.in_one_line)
    except Exception as error:  # a method may raise anything; to say so is what this is for
        return Point(what=what, state="FAILS", detail=f"{type(error).__name__}: {error}")


def _tiny_clip(folder: Path, spec: Spec) -> tuple[Clip, bool]:
    """Return a clip of two people, and whether DensePose drawings had to be stood in for."""
    work = GeneratedWork(size=SIZE, generator_version=_GENERATOR, max_frames=N_FRAMES)
    record = prepare_clip(
        ClipJob(clip=_CLIP, benchmark="check", source="generated", folder=str(folder), work=work)
    )
    if "densepose" not in spec.inputs:
        return load_clip(folder), False
    clip = load_clip(folder)
    for index in range(record.n_frames):
        drawing = _COLOURS[np.minimum(clip.masks(index), len(_COLOURS) - 1)]
        video.write_png(folder / "beside" / "densepose" / f"{index:06d}.png", drawing)
    record.model_copy(update={"beside": ("densepose",)}).write(folder / "clip.json")
    return load_clip(folder), True
