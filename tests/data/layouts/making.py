"""Small folders in the layouts that data sets come in."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from mcbench.video import Frame, encode_png


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def picture(index: int, size: tuple[int, int] = (16, 12)) -> Frame:
    """A picture that tells its index."""
    frame = np.zeros((*size, 3), np.uint8)
    frame[:, :, 0] = index
    frame[: size[0] // 2, :, 1] = 200
    return frame


def write_tsv(path: Path, rows: list[tuple[str, bytes]], *, index: bool = True) -> None:
    """Rows as DisCo packs them: key, tab, picture file in base64; and the byte where each begins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{key}\t{base64.b64encode(content).decode()}\n".encode() for key, content in rows]
    path.write_bytes(b"".join(lines))
    if index:
        begins = np.concatenate([[0], np.cumsum([len(line) for line in lines])[:-1]])
        path.with_suffix(".lineidx").write_text("".join(f"{begin}\n" for begin in begins))


def tsv_rows(lengths: dict[str, int], first: int = 1) -> list[tuple[str, bytes]]:
    """Rows of several clips, keyed as `CLIP_0001.png`."""
    return [
        (f"{clip}_{first + index:04d}.png", encode_png(picture(index)))
        for clip, length in lengths.items()
        for index in range(length)
    ]
