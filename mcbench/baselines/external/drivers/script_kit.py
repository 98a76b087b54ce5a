"""What drivers share that run the entry script of a method's authors, in a process of its own.

Such a driver lays out files as the script wants them, runs it, and turns what it wrote into frames. The
script itself is not changed. Where it has its settings written into it and takes no arguments, a copy is run
in which the values of these settings are replaced (`with_settings`), nothing else.

Run as a program, `python script_kit.py SEED SCRIPT ARGUMENTS...` runs a script that seeds nothing itself.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import runpy
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import driver_kit as kit
import numpy as np
from PIL import Image

WHOLE_BODY = 134
_PARTS = (
    ("pose_keypoints_2d", 0, 18),
    ("foot_keypoints_2d", 18, 24),
    ("face_keypoints_2d", 24, 92),
    ("hand_left_keypoints_2d", 92, 113),
    ("hand_right_keypoints_2d", 113, 134),
)


# --- files that scripts read ------------------------------------------------------------------------


def save(path: Path, picture: kit.Picture) -> Path:
    """Write a picture, uint8 [height, width, 3] RGB or [height, width]; JPEG at OpenCV's own quality, 95."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {"quality": 95} if path.suffix in (".jpg", ".jpeg") else {}
    Image.fromarray(np.ascontiguousarray(picture)).save(str(path), **settings)
    return path


def save_all(folder: Path, pictures: Iterable[kit.Picture], name: str = "{:06d}.png") -> Path:
    """Write pictures by their number into a folder; return the folder."""
    for index, picture in enumerate(pictures):
        save(folder / name.format(index), picture)
    return folder


def weights_folder(job: kit.Job, name: str) -> Path:
    """Return a folder below that of the method's weights, such as one model as diffusers saves it."""
    folder = Path(job["weights_folder"] or "") / name
    if not (job["weights_folder"] and folder.is_dir()):
        kit.fail(f"the weights of {job['method']} lack the folder {name}; its spec says how to get it")
    return folder


def expect_size(job: kit.Job, *sizes: tuple[int, int]) -> None:
    """Refuse a job of another size (height, width) than the script is bound to."""
    if tuple(job["size"]) not in sizes:
        known = " or ".join(f"{height}x{width}" for height, width in sizes)
        kit.fail(f"{job['method']} makes pictures of {known} alone, not of {job['size']}")


def link(place: Path, target: Path) -> Path:
    """Make `place` lead to weights that lie elsewhere; return `place`."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)
    return place


def write_settings(path: Path, values: dict[str, Any]) -> Path:
    """Write settings as JSON, which every reader of YAML takes too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2), encoding="utf-8")
    return path


def read_settings(path: Path) -> dict[str, Any]:
    """Return the authors' own YAML settings; PyYAML is part of every environment that reads such a file."""
    import yaml

    with path.open(encoding="utf-8") as stream:
        values: dict[str, Any] = yaml.safe_load(stream)
    return values


def with_settings(
    script: Path, copy: Path, settings: dict[str, Any], paths: dict[str, Path] | None = None
) -> Path:
    """Write a copy of a script in which the values of some of its settings are other ones.

    Args:
        script: the authors' script.
        copy: the file to write.
        settings: name -> value, for names that the script sets to a literal in exactly one place.
        paths: text -> path, for absolute paths of the authors' machine that the script has as texts.

    Returns:
        The copy.
    """
    source = script.read_text(encoding="utf-8")
    spans: list[tuple[ast.expr, str]] = []
    for name, value in settings.items():
        found = [node.value for node in ast.walk(ast.parse(source)) if _sets(node, name)]
        if len(found) != 1:
            kit.fail(f"{script.name} sets {name} to a literal in {len(found)} places, and 1 was expected")
        spans.append((found[0], repr(value)))
    for text, path in (paths or {}).items():
        constants = [node for node in ast.walk(ast.parse(source)) if _is_text(node, text)]
        if not constants:
            kit.fail(f"{script.name} has no text {text!r}")
        spans += [(node, repr(str(path))) for node in constants]
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(_replaced(source, spans), encoding="utf-8")
    return copy


def _sets(node: Any, name: str) -> bool:
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1):
        return False
    target = node.targets[0]
    if not (isinstance(target, ast.Name) and target.id == name):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True


def _is_text(node: Any, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _replaced(source: str, spans: list[tuple[Any, str]]) -> str:
    # Columns of the parser count bytes, not letters.
    lines = [line.encode("utf-8") for line in source.splitlines(keepends=True)]
    starts = [sum(len(line) for line in lines[:index]) for index in range(len(lines))]
    data = b"".join(lines)
    last_first = sorted(spans, key=lambda span: (span[0].lineno, span[0].col_offset), reverse=True)
    for node, text in last_first:
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        data = data[:begin] + text.encode("utf-8") + data[end:]
    return data.decode("utf-8")


# --- poses ------------------------------------------------------------------------------------------


def whole_bodies(job: kit.Job) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Yield points [people, 134, 2], (x, y) in pixels of the job, and confidence [people, 134] of a frame.

    Points as of DWPose: 18 of the body, 6 of the feet, 68 of the face, 21 of each hand. A point that the
    clip's poses do not have is of confidence 0.
    """
    for path in kit.driving_paths(job, "poses"):
        people = json.loads(path.read_text(encoding="utf-8"))["people"]
        points = np.zeros((len(people), WHOLE_BODY, 2))
        confidence = np.zeros((len(people), WHOLE_BODY))
        for index, person in enumerate(people):
            for part, begin, end in _PARTS:
                if person.get(part):
                    # OpenPose's faces end with two pupils, which DWPose's do not have.
                    values = np.asarray(person[part], dtype=np.float64).reshape(-1, 3)[: end - begin]
                    points[index, begin:end], confidence[index, begin:end] = values[:, :2], values[:, 2]
        yield points, confidence


def load_module(path: Path) -> Any:
    """Return one file of the authors' code as a module, without the packages around it."""
    spec = importlib.util.spec_from_file_location(f"authors_{path.stem}", str(path))
    if spec is None or spec.loader is None or not path.is_file():
        kit.fail(f"the repository has no {path.name}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- running, and what it made -------------------------------------------------------------------------


def run_script(
    script: Path,
    arguments: Sequence[Any],
    cwd: Path,
    seed: int | None = None,
    environment: dict[str, str] | None = None,
) -> None:
    """Run a Python script in a folder.

    Args:
        script: the script.
        arguments: its arguments.
        cwd: the folder to run in: where it finds its weights and writes what it has no argument for.
        seed: for scripts that seed nothing: seeds random, numpy and torch before it starts.
        environment: variables to set besides those that the driver itself has.
    """
    before = [] if seed is None else [Path(__file__), seed]
    if not script.is_file():
        kit.fail(f"the repository has no {script.name}; is it at the pinned commit?")
    try:
        kit.call([sys.executable, *before, script, *arguments], cwd=cwd, environment=environment)
    except kit.DriverError as error:
        raise kit.DriverError(f"the authors' {script.name}: {error}") from None


def beside(repository: Path) -> dict[str, str]:
    """Return the variable that lets a copied script import the repository's packages."""
    known = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": str(repository) if not known else f"{repository}{os.pathsep}{known}"}


def the_only(folder: Path, pattern: str) -> Path:
    """Return the one file below a folder that a pattern names."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        kit.fail(f"the method wrote {len(found)} files {pattern}, and 1 was expected")
    return found[0]


def by_number(paths: Iterable[Path]) -> list[Path]:
    """Return paths in the order of the last number in their names."""
    return sorted(
        paths, key=lambda path: int("".join(c if c.isdigit() else " " for c in path.stem).split()[-1])
    )


def last_column(frame: kit.Picture, columns: int) -> kit.Picture:
    """Return the rightmost of equally wide pictures side by side."""
    width = frame.shape[1] // columns
    return np.ascontiguousarray(frame[:, (columns - 1) * width :])


def write_frames(job: kit.Job, frames: Iterable[kit.Picture], first: int = 0) -> None:
    """Write a job's frames from what a script made; what is beyond the last wanted is left.

    Args:
        job: the job.
        frames: of the job's size.
        first: the number of the job's frame that the first of `frames` is.
    """
    for index, frame in enumerate(frames, start=first):
        if index == job["n_frames"]:
            break
        kit.write_frame(job, index, frame)


def _main() -> None:
    seed, script = int(sys.argv[1]), sys.argv[2]
    sys.argv = sys.argv[2:]
    sys.path[0] = str(Path(script).resolve().parent)
    kit.seed_everything(seed)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    _main()
