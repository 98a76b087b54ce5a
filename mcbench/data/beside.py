"""What came with the frames of a clip: masks, DensePose drawings and OpenPose files of the data set itself.

They are other people's estimates, not exact truth, so they are kept apart from `truth/`:

```
CLIP/beside/masks/000000.png       uint8 [height, width]: 0 background, k the k-th person
CLIP/beside/densepose/000000.png   uint8 [height, width, 3]: the drawing, RGB
CLIP/beside/openpose/000000.json   the file as it came
```
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench.data.decode import FilesWork
from mcbench.data.layouts.tsv_file import member_pictures
from mcbench.data.origin import files_at
from mcbench.errors import FileFormatError, McbenchError, MismatchError
from mcbench.records import BesideKind, Size
from mcbench.video import encode_png

_MOST_PEOPLE = 100
"""A mask with a larger value shows one person, in white with grey at the edges."""


@dataclass(frozen=True)
class Kept:
    """What was kept of what came with the frames.

    Attributes:
        kinds: kinds that lie in the clip's folder now.
        notes: what was left out, with the reason.
    """

    kinds: tuple[BesideKind, ...]
    notes: tuple[str, ...]


def keep_beside(work: FilesWork, folder: Path, n_frames: int, size: Size) -> Kept:
    """Write what came with the frames into the clip's folder.

    It goes with the frames as they came, so it is left out, with a note, where frames are chosen, cut or
    resized, and where it is not one readable file of the frames' size for each frame.

    Args:
        work: what the clip is made of.
        folder: the clip's folder.
        n_frames: number of frames of the clip, which may be the first of more.
        size: (height, width) of its frames.
    """
    kinds: list[BesideKind] = []
    notes: list[str] = []
    for kind, place in sorted(work.material.beside.items()):
        if kind == "poses":
            continue  # exact: it becomes truth
        target = folder / "beside" / kind
        try:
            _refuse_changed_frames(work)
            _keep(kind, _contents(Path(place), work.material.member), target, n_frames, size)
        except McbenchError as error:
            notes.append(f"its {kind} are left out: {error.message}")
            shutil.rmtree(target, ignore_errors=True)
            continue
        kinds.append(kind)
    return Kept(tuple(kinds), tuple(notes))


def _refuse_changed_frames(work: FilesWork) -> None:
    settings, material = work.settings, work.material
    if material.trim or material.crop or settings.size or settings.fps:
        raise MismatchError("the frames are not taken as they came")


def _contents(place: Path, member: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the file of each frame, in order."""
    if member and place.is_file():
        for index, content in enumerate(member_pictures(place, member)):
            yield f"{place.name}, picture {index}", content
        return
    for path in files_at(place):
        try:
            yield str(path), path.read_bytes()
        except OSError as error:
            raise FileFormatError(f"cannot read {path}: {error.strerror}") from error


def _keep(
    kind: BesideKind, contents: Iterator[tuple[str, bytes]], target: Path, n_frames: int, size: Size
) -> None:
    target.mkdir(parents=True)
    count = 0
    for name, content in itertools.islice(contents, n_frames):
        path = target / f"{count:06d}{'.json' if kind == 'openpose' else '.png'}"
        path.write_bytes(
            checked_json(name, content) if kind == "openpose" else _png(kind, name, content, size)
        )
        count += 1
    if count < n_frames:
        raise MismatchError(f"{count} files for {n_frames} frames")


def checked_json(name: str, content: bytes) -> bytes:
    """Return the content of a file, which is known to be JSON then.

    Args:
        name: of the file, for messages.
        content: its bytes.

    Raises:
        FileFormatError: it is no JSON.
    """
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{name} is no JSON: {error}") from error
    return content


def _png(kind: BesideKind, name: str, content: bytes, size: Size) -> bytes:
    """Return a mask as 0 and the numbers of people, a drawing as RGB, both as a PNG file."""
    import cv2

    mode = cv2.IMREAD_GRAYSCALE if kind == "masks" else cv2.IMREAD_COLOR_RGB
    found = cv2.imdecode(np.frombuffer(content, np.uint8), mode) if content else None
    if found is None:
        raise FileFormatError(f"{name} is no picture")
    picture: NDArray[np.uint8] = found
    if picture.shape[:2] != size:
        raise MismatchError(f"{name} is not of the frames' size")
    if kind == "masks" and picture.max(initial=0) > _MOST_PEOPLE:
        picture = np.asarray(picture > 127, np.uint8)
    return encode_png(picture)
