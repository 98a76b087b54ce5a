"""From a video or folder of frames to the frames of a clip: selected, cut out, resized, kept as PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from mcbench.data.layouts.material import ClipMaterial
from mcbench.data.layouts.patterns import component_regex
from mcbench.data.manifest import ClipSettings
from mcbench.errors import DataMissingError
from mcbench.records import Part, Size
from mcbench.video import (
    FramesDigest,
    FrameStream,
    PictureFolder,
    Placement,
    Selection,
    SourceStream,
    encode_png,
    exact_rate,
    place,
    scale_box,
    stream_frames,
)


class FilesWork(Part):
    """Decode a video, or copy frames."""

    kind: Literal["files"] = "files"
    material: ClipMaterial
    settings: ClipSettings = ClipSettings()


class DecodedClip(NamedTuple):
    """What came of decoding a clip."""

    n_frames: int
    fps: float
    size: Size
    frames_sha256: str
    """`mcbench.video.FramesDigest` of the frames."""
    decoder: str
    """`pyav`, `decord` or `images`."""


def decode_clip(work: FilesWork, folder: Path) -> DecodedClip:
    """Write the frames of a clip as `frames/000000.png`, ... below a folder, reading its material once.

    Frames are selected by the trim, brought to the frame rate, cut off at `max_frames`; each is cropped, then
    fitted to the size. Without any of these they are the frames of `mcbench.video.open_frames`, all of them.

    Args:
        work: the material and the settings.
        folder: where `frames/` is or will be; a folder that nobody trusts before the call has ended.

    Raises:
        DataMissingError: the material has no file.
        FileFormatError: a file is missing, damaged or cut short.
        MismatchError: the trim or the crop does not fit the video.
    """
    material, settings = work.material, work.settings
    stream = open_material(material)
    trim = material.trim
    selection = Selection(
        start=trim.start if trim else 0,
        end=trim.end if trim else None,
        reference_fps=trim.reference_fps if trim else None,
        fps=settings.fps,
        max_frames=settings.max_frames,
    )
    placement = placement_of(work, stream.size)
    assumed = exact_rate(material.fps or settings.assumed_fps)
    (folder / "frames").mkdir(exist_ok=True)
    digest, n_frames = FramesDigest(), 0
    for frame in stream.frames(selection, placement, assumed_rate=assumed):
        (folder / "frames" / f"{n_frames:06d}.png").write_bytes(encode_png(frame))
        digest.update(frame)
        n_frames += 1
    fps = settings.fps or float(stream.rate or 0) or material.fps or settings.assumed_fps
    size = stream.size if placement is None else placement.size
    return DecodedClip(n_frames, fps, size, digest.hexdigest(), stream.decoder)


def open_material(material: ClipMaterial) -> FrameStream:
    """Open what a clip is made of.

    Raises:
        DataMissingError: the material has no file.
        FileFormatError: as for `mcbench.video.open_frames`.
    """
    if not material.path:
        raise DataMissingError(f"clip {material.id} cannot be made: {material.missing}")
    path = Path(material.path)
    if path.is_dir():
        pattern = component_regex(material.frames) if material.frames else None
        return SourceStream(PictureFolder(path, pattern))
    return stream_frames(path)


def placement_of(work: FilesWork, size: Size) -> Placement | None:
    """Return where the pixels of the material's frames go, or None where they stay as they are.

    Args:
        work: the material and the settings.
        size: (height, width) of the material's frames.

    Raises:
        MismatchError: the crop holds no pixel or reaches beyond the frame.
    """
    crop, settings = work.material.crop, work.settings
    if crop is None and settings.size is None:
        return None
    box = None
    if crop is not None:
        of = (crop.of_height, crop.of_width)
        what = f"the crop of clip {work.material.id}"
        box = scale_box(crop.left, crop.top, crop.right, crop.bottom, of, size, what)
    return place(size, box=box, size=settings.size, fit=settings.fit)
