"""The layout `mot`: sequences as the MOT Challenge keeps them, and DanceTrack after it."""

from __future__ import annotations

import configparser
from pathlib import Path

from mcbench import files
from mcbench.data.layouts.frames import gaps, nothing_found, pictures_of
from mcbench.data.layouts.material import ClipMaterial, LayoutContent
from mcbench.data.layouts.names import clip_id, in_order
from mcbench.data.layouts.patterns import Match, candidates
from mcbench.errors import FileFormatError
from mcbench.records import Fact

_PATTERN = "{split}/{clip}/img1"


def read_mot(folder: Path) -> LayoutContent:
    """Return the sequences `SPLIT/CLIP/img1/*` of a folder, with the rate and people that their files tell.

    A sequence without `seqinfo.ini`, or of another length than it says, is a problem that is named.

    Raises:
        InputError: there are none, or two would become one clip.
        FileFormatError: `seqinfo.ini` or `gt.txt` of one is damaged.
    """
    for _, found in candidates(folder, (_PATTERN,)):
        read = [(_material(match, names), names) for match in found if (names := pictures_of(match.path))]
        if read:
            problems = [
                f"{clip.id}: {text}"
                for (clip, complaints), names in read
                for text in (*complaints, *gaps(names))
            ]
            return LayoutContent(clips=in_order(clip for (clip, _), _ in read), problems=tuple(problems))
    raise nothing_found(folder, (_PATTERN,), "sequence")


def _material(match: Match, names: list[str]) -> tuple[ClipMaterial, list[str]]:
    place = match.path.parent
    fps, length = _seqinfo(place / "seqinfo.ini")
    facts: dict[str, Fact] = {"split": match.values["split"]}
    if (place / "gt" / "gt.txt").exists():
        facts["people"] = _people(place / "gt" / "gt.txt")
    clip = ClipMaterial(
        id=clip_id(match.values["clip"]),
        path=str(match.path),
        fps=fps,
        expected_frames=length or len(names),
        facts=facts,
    )
    if fps is None:
        return clip, ["no seqinfo.ini tells its frame rate"]
    if length != len(names):
        return clip, [f"it has {len(names):,} frames where its seqinfo.ini says {length:,}"]
    return clip, []


def _seqinfo(path: Path) -> tuple[float | None, int | None]:
    """Return the frame rate and length that a `seqinfo.ini` tells; None where there is no such file."""
    if not path.exists():
        return None, None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(files.read_text(path))
        fps, length = parser.getfloat("Sequence", "frameRate"), parser.getint("Sequence", "seqLength")
    except (configparser.Error, ValueError) as error:
        raise FileFormatError(f"{path} is no sequence's description: {error}", "download it again") from error
    if not (0 < fps < float("inf") and length > 0):
        raise FileFormatError(
            f"{path} tells {fps:g} frames a second and {length} frames", "download it again"
        )
    return fps, length


def _people(path: Path) -> int:
    """Return how many identities the boxes `frame,id,left,top,width,height,...` are of."""
    identities: set[int] = set()
    for number, line in enumerate(files.read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            identities.add(int(float(line.split(",")[1])))
        except (IndexError, ValueError, OverflowError) as error:
            raise FileFormatError(
                f"{path}, line {number}, is no box 'frame,id,left,top,width,height,...'", "download it again"
            ) from error
    return len(identities)
