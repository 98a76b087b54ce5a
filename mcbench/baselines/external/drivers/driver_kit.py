"""What every driver shares: a job folder is read, frames and a result are written.

A driver is one Python file that mcbench runs as `PYTHON driver.py JOB_FOLDER` in the environment of a
method, where mcbench is not installed. This file lies beside it, so `import driver_kit` finds it. It needs
the standard library, numpy and Pillow 9.1, and is kept to the syntax of Python 3.7, since old methods want
old Pythons.

    import driver_kit as kit

    def main(job):
        kit.use_repository(job)                       # the authors' code, importable and the working folder
        reference = kit.read_reference(job)           # uint8 [height, width, 3] RGB
        for index, frame in enumerate(make(reference, kit.read_driving(job, "driving-frames"))):
            kit.write_frame(job, index, frame)

    if __name__ == "__main__":
        kit.run(main)

What a job says (`mcbench.baselines.external.job.JobRecord` describes each field):

    method, video        names, for messages
    n_frames, fps        how many frames to make; frame 0 shows the reference's own pose
    size                 [height, width] of the reference, of all that drives, and of every frame to write
    seed                 of this video
    device               "cpu" or "cuda"
    clip_frames          frames that the method makes at a time, or None
    options              name -> value: the spec's defaults with what the user changed
    reference            "reference.png"
    driving              kind of input -> folder of 000000.png ... (poses: 000000.json, as of OpenPose)
    prompt               a text, or None
    weights              name -> absolute path
    repository           absolute path of the authors' code at the pinned commit, or None
    output               "frames"
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from PIL import Image

SCHEMA_VERSION = 1
FAILED = 3
"""Exit code of a driver that says itself what is wrong."""

if TYPE_CHECKING:
    Job = dict[str, Any]
    """What job.json holds, and under `folder` the Path of the job's folder."""
    Picture = np.ndarray[Any, np.dtype[np.uint8]]
    """uint8 [height, width, 3] RGB, or [height, width] where it says so."""


class DriverError(Exception):
    """What a driver cannot go on with; its text is what the user reads."""


def fail(message: str) -> NoReturn:
    """End the driver with a message for the user.

    Raises:
        DriverError: always; `run` prints it and ends with exit code 3.
    """
    raise DriverError(message)


def run(main: Callable[[Job], Any]) -> None:
    """Run a driver: read the job named on the command line, call `main(job)`, and write result.json.

    `main` may return a dictionary of what is worth recording (`name -> text, number or bool`). A
    `DriverError` is printed as one line and ends with exit code 3; any other exception with its traceback.
    """
    if len(sys.argv) != 2:
        sys.exit(f"usage: {Path(sys.argv[0]).name} JOB_FOLDER")
    try:
        job = read_job(sys.argv[1])
        began = time.perf_counter()
        facts = main(job)
        write_result(job, time.perf_counter() - began, facts)
    except DriverError as error:
        sys.stderr.write(f"driver: {error}\n")
        sys.stderr.flush()
        sys.exit(FAILED)


def read_job(folder: Any) -> Job:
    """Return what a job folder's job.json says, with the folder's absolute path under `folder`."""
    path = Path(folder).resolve() / "job.json"
    job: Job = json.loads(path.read_text(encoding="utf-8"))
    if job.get("schema_version") != SCHEMA_VERSION:
        fail(
            f"{path} is of schema version {job.get('schema_version')}, and this driver reads {SCHEMA_VERSION}"
        )
    job["folder"] = path.parent
    return job


def option(job: Job, name: str) -> Any:
    """Return an option of the method; every option that a driver reads has its default in the spec."""
    if name not in job["options"]:
        fail(f"the spec of {job['method']} gives no option {name!r}")
    return job["options"][name]


def weights(job: Job, name: str) -> Path:
    """Return the file or folder of weights that the spec names so."""
    if name not in job["weights"]:
        fail(f"the spec of {job['method']} names no weights {name!r}")
    return Path(job["weights"][name])


def use_repository(job: Job, *below: str) -> Path:
    """Make the authors' code importable and its folder the working folder; return that folder.

    Args:
        job: the job.
        below: folders inside the repository, where its code starts further down.
    """
    if not job["repository"]:
        fail(f"{job['method']} has no repository")
    folder = Path(job["repository"]).joinpath(*below)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    return folder


def seed_everything(seed: int) -> None:
    """Seed random, numpy and, where it is installed, torch; 64-bit seeds are cut to what each takes."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    try:
        import torch
    except ImportError:
        return
    torch.manual_seed(seed % 2**63)


def scratch(job: Job, name: str) -> Path:
    """Return a new folder inside the job's folder, for files that the authors' script wants or writes."""
    folder = job["folder"] / "scratch" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def call(arguments: Sequence[Any], cwd: Any = None, environment: dict[str, str] | None = None) -> None:
    """Run a program of the authors, its output going to the driver's own log.

    Args:
        arguments: the program and its arguments; no shell is involved. Start Python with `sys.executable`.
        cwd: the folder to run in.
        environment: variables to set besides those that the driver itself has.
    """
    words = [str(argument) for argument in arguments]
    sys.stderr.write(f"driver runs: {words}\n")
    sys.stderr.flush()
    variables = {**os.environ, **(environment or {})}
    folder = None if cwd is None else str(cwd)
    code = subprocess.run(words, cwd=folder, env=variables, check=False).returncode
    if code:
        fail(f"{' '.join(Path(word).name for word in words[:2])} ended with exit code {code}")


# --- pictures in ----------------------------------------------------------------------------------


def read_picture(path: Any) -> Picture:
    """Return a picture as uint8 [height, width, 3] RGB."""
    with Image.open(str(path)) as image:
        return np.asarray(image.convert("RGB"))


def reference_path(job: Job) -> Path:
    """Return the path of the reference picture."""
    return job["folder"] / job["reference"]


def read_reference(job: Job) -> Picture:
    """Return the reference picture, uint8 [height, width, 3] RGB, of the job's size."""
    return read_picture(reference_path(job))


def driving_folder(job: Job, kind: str) -> Path:
    """Return the folder of one kind of input, such as `pose-drawings`: 000000.png and so on."""
    if kind not in job["driving"]:
        fail(f"the job of {job['video']} has no {kind}, only {', '.join(job['driving']) or 'a reference'}")
    return job["folder"] / job["driving"][kind]


def driving_paths(job: Job, kind: str) -> list[Path]:
    """Return the paths of one kind of input, one a frame, in order."""
    paths = sorted(path for path in driving_folder(job, kind).iterdir() if not path.name.startswith("."))
    if len(paths) != job["n_frames"]:
        fail(f"there are {len(paths)} {kind} for {job['n_frames']} frames")
    return paths


def read_driving(job: Job, kind: str) -> Iterator[Picture]:
    """Yield one kind of input frame by frame, uint8 [height, width, 3] RGB, of the job's size."""
    for path in driving_paths(job, kind):
        yield read_picture(path)


def read_masks(job: Job) -> Iterator[Picture]:
    """Yield the masks of people, uint8 [height, width]: 0 background, k the k-th person."""
    for path in driving_paths(job, "masks"):
        with Image.open(str(path)) as image:
            yield np.asarray(image.convert("L"))


def read_poses(job: Job) -> Iterator[np.ndarray[Any, np.dtype[np.float32]]]:
    """Yield the poses, float32 [people, 18, 3]: x, y in pixels, and 0 unknown, 0.5 covered, 1 visible.

    The points are OpenPose's 18 (COCO order); people keep their order through the frames.
    """
    for path in driving_paths(job, "poses"):
        people = json.loads(path.read_text(encoding="utf-8"))["people"]
        points = [person["pose_keypoints_2d"] for person in people]
        yield np.asarray(points, dtype=np.float32).reshape(len(people), 18, 3)


def resize(frame: Picture, size: Sequence[int]) -> Picture:
    """Return a picture, uint8 [height, width, 3], at `size` (height, width), by Lanczos."""
    if frame.shape[:2] == tuple(size):
        return frame
    image = Image.fromarray(frame).resize((int(size[1]), int(size[0])), Image.Resampling.LANCZOS)
    return np.asarray(image)


# --- frames out -----------------------------------------------------------------------------------


def write_frame(job: Job, index: int, frame: Picture) -> None:
    """Write frame `index`: uint8 [height, width, 3] RGB of the job's size, or it is refused."""
    wanted = (*job["size"], 3)
    if frame.dtype != np.uint8 or frame.shape != wanted:
        fail(f"frame {index} is {frame.dtype} {frame.shape}, and uint8 {wanted} is wanted")
    folder = job["folder"] / job["output"]
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.ascontiguousarray(frame)).save(str(folder / f"{index:06d}.png"))


def to_uint8(values: np.ndarray[Any, Any]) -> Picture:
    """Return values of 0 to 1 as uint8, rounded; what is beyond is clipped, and NaN is refused."""
    if not np.isfinite(values).all():
        fail("the method made values that are not finite")
    return np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)


def write_result(job: Job, seconds: float, facts: dict[str, Any] | None = None) -> None:
    """Write result.json, the last file of a job: without it nothing that a driver made counts.

    Args:
        job: the job.
        seconds: how long the method took.
        facts: what is worth recording, name -> text, number or bool.
    """
    frames = sorted((job["folder"] / job["output"]).glob("[0-9]*.png"))
    result = {
        "schema_version": SCHEMA_VERSION,
        "n_frames": len(frames),
        "size": list(job["size"]),
        "seconds": round(seconds, 3),
        "versions": versions(),
        "facts": facts or {},
    }
    (job["folder"] / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide what a method makes, where installed."""
    found = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    for name in ("numpy", "torch", "torchvision", "diffusers", "transformers"):
        # Only what the method has imported already: importing more would cost time and memory.
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found


# --- videos, for authors' scripts that read or write them -------------------------------------------


def read_video(path: Any) -> Iterator[Picture]:
    """Yield the frames of a video or GIF, uint8 [height, width, 3] RGB, by what is installed.

    GIF and animated WebP are read by Pillow; the rest by PyAV, OpenCV or imageio. A compressed video is
    not what the method made but what its codec left of it: say so in the facts of the result.
    """
    path = Path(path)
    if not path.is_file():
        fail(f"the method wrote no {path.name}")
    if path.suffix.lower() in (".gif", ".webp"):
        with Image.open(str(path)) as image:
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                yield np.asarray(image.convert("RGB"))
        return
    name = _first_installed("av", "cv2", "imageio")
    if name == "av":
        import av

        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")
    elif name == "cv2":
        import cv2

        capture = cv2.VideoCapture(str(path))
        while True:
            more, frame = capture.read()
            if not more:
                break
            yield np.ascontiguousarray(frame[:, :, ::-1])
    else:
        import imageio

        for frame in imageio.get_reader(str(path)):
            yield np.asarray(frame)[:, :, :3]


def write_video(path: Any, frames: Iterator[Picture], fps: float) -> None:
    """Write frames as a video that reads back with the least loss that the installed writer has.

    PyAV or imageio with FFmpeg write H.264 at quality 0 in RGB or 4:4:4 (no loss, or that of the change of
    colours alone); an environment with neither cannot.
    """
    name = _first_installed("av", "imageio")
    if name == "av":
        _write_by_av(path, frames, fps)
    else:
        import imageio

        settings = ["-crf", "0", "-preset", "ultrafast"]
        writer = imageio.get_writer(
            str(path), fps=fps, codec="libx264rgb", pixelformat="rgb24", macro_block_size=1,
            output_params=settings,
        )  # fmt: skip
        for frame in frames:
            writer.append_data(frame)
        writer.close()


def _write_by_av(path: Any, frames: Iterator[Picture], fps: float) -> None:
    from fractions import Fraction

    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264rgb", rate=Fraction(fps).limit_denominator(100000))
        stream.pix_fmt, stream.options = "rgb24", {"crf": "0", "preset": "ultrafast"}
        sized = False
        for frame in frames:
            if not sized:
                stream.height, stream.width = frame.shape[:2]
                sized = True
            for packet in stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def _first_installed(*names: str) -> str:
    from importlib.util import find_spec

    for name in names:
        if find_spec(name) is not None:
            return name
    return fail(f"the environment has none of {', '.join(names)}; add one to the requirements of the spec")
