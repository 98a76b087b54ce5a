"""Where decoding may begin, so that a part in the middle of a long video costs no decoding of its beginning.

Seeking by time alone is not frame exact. Here packets are counted in order of presentation, without decoding,
up to the frame wanted; decoding then begins at the key frame before, and the frame is known by its time. That
is done for files of which each packet is one frame with a time of its own; others are decoded from the start.
"""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass
from pathlib import Path

_CONTAINERS = frozenset({"mov", "mp4", "matroska", "webm"})
_CODECS = frozenset({"h264", "hevc", "vp9", "av1"})
_REORDERING = 64
"""Packets by which a frame may be stored before or after its turn; the standards allow 16."""


@dataclass(frozen=True)
class StartingPoint:
    """A key frame before a frame that is wanted.

    Attributes:
        key_time: of the key frame, in the stream's unit.
        key_index: its number in order of presentation.
        time: of the frame that is wanted.
    """

    key_time: int
    key_index: int
    time: int


def find_start(path: Path, first: int) -> StartingPoint | None:
    """Return where to begin decoding for frame `first`; None to begin at the start.

    A file that cannot be read gives None too: decoding will say what is wrong with it.
    """
    import av

    times: list[int] = []
    keys: list[int] = []
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            stream = container.streams.video[0]
            codec = stream.codec_context.codec.canonical_name
            if not _CONTAINERS & set(container.format.name.split(",")) or codec not in _CODECS:
                return None
            for packet in container.demux(stream):
                if packet.size == 0 or len(times) > first + _REORDERING:
                    break
                if packet.pts is None or packet.is_discard or packet.is_corrupt:
                    return None
                times.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
    except (av.error.FFmpegError, OSError, ValueError, IndexError):
        return None
    times.sort()
    if first >= len(times) or any(one == two for one, two in itertools.pairwise(times)):
        return None
    key = max((key for key in keys if key <= times[first]), default=times[0])
    if key == times[0]:
        return None
    return StartingPoint(key, bisect.bisect_left(times, key), times[first])
