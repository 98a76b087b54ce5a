"""Where the pixels of a frame go: a box is cut out, resized, and fitted into the size asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcbench.errors import InputError, MismatchError
from mcbench.records import Size

Fit = Literal["stretch", "crop", "pad"]


@dataclass(frozen=True)
class Box:
    """A part of a frame in whole pixels; right and bottom are the first outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        """(height, width)."""
        return self.bottom - self.top, self.right - self.left


@dataclass(frozen=True)
class Placement:
    """How frames of one size become frames of another.

    Attributes:
        box: the part of the frame that is taken.
        scaled: (height, width) that it is resized to.
        size: (height, width) of the result.
        top: row of the result at which the resized part begins; negative where its first rows are cut.
        left: the same for columns.
    """

    box: Box
    scaled: Size
    size: Size
    top: int
    left: int

    @property
    def resizes(self) -> bool:
        """Whether pixels are computed anew, rather than cut out or surrounded."""
        return self.scaled != self.box.size


def scale_box(
    left: float, top: float, right: float, bottom: float, of: Size, size: Size, what: str = "the crop"
) -> Box:
    """Return the box that annotations give in pixels of a frame of another size.

    Left and right are divided by `of` width / width, top and bottom by `of` height / height, all are cut to
    int: as the loader of the TED-talks set does (`load_videos.py` of AliaksandrSiarohin/video-preprocessing).
    That one cuts a box off at the frame's edges; here such a box is an error.

    Args:
        left: of the box, in pixels of a frame of size `of`; as `top`, `right`, `bottom`.
        top: see `left`.
        right: the first column outside.
        bottom: the first row outside.
        of: (height, width) of the frame that the box is given for.
        size: (height, width) of the frame that there is.
        what: what to call the box in messages.

    Raises:
        MismatchError: it holds no pixel, or reaches beyond the frame.
    """
    rows, columns = of[0] / size[0], of[1] / size[1]
    box = Box(int(left / columns), int(top / rows), int(right / columns), int(bottom / rows))
    given = f"{what} {left:g}-{top:g}-{right:g}-{bottom:g} (left, top, right, bottom; of {of[1]}x{of[0]})"
    there = f"frames of {size[1]}x{size[0]} (width x height)"
    if box.left < 0 or box.top < 0 or box.right > size[1] or box.bottom > size[0]:
        raise MismatchError(
            f"{given} reaches beyond {there}",
            "give a box inside the frame, and the size that it is given for",
        )
    if box.right <= box.left or box.bottom <= box.top:
        raise MismatchError(f"{given} holds no pixel of {there}", "give a larger box, or a larger video")
    return box


def place(
    frame: Size, *, box: Box | None = None, size: Size | None = None, fit: Fit = "stretch"
) -> Placement:
    """Return how a frame is brought to a size.

    `stretch` ignores the shape. `crop` resizes until the frame covers `size` and takes the middle; `pad`
    until it fits into `size` and puts it in the middle of black. The other side follows in proportion,
    rounded to the nearest pixel, halves up. Of an odd surplus the greater half is at the end.

    Args:
        frame: (height, width) of the frame.
        box: the part that is taken before; all of it if None.
        size: (height, width) to bring it to; that of the part if None.
        fit: how, where the shapes differ.

    Raises:
        InputError: `fit` is none of these, or `box` does not lie in the frame.
    """
    box = box or Box(0, 0, frame[1], frame[0])
    if not (0 <= box.left < box.right <= frame[1] and 0 <= box.top < box.bottom <= frame[0]):
        raise InputError(f"{box} does not lie in a frame of {frame[0]}x{frame[1]} (height x width)")
    if size is None or fit == "stretch":
        whole = size or box.size
        return Placement(box, whole, whole, 0, 0)
    if fit not in ("crop", "pad"):
        raise InputError(f"no way of fitting is called {fit!r}", "there are stretch, crop and pad")
    scaled = _in_proportion(box.size, size, cover=fit == "crop")
    # Python's // rounds down: -3 // 2 is -2, so the surplus is halved as a positive number.
    offsets = [
        (outer - inner) // 2 if inner <= outer else -((inner - outer) // 2)
        for inner, outer in zip(scaled, size, strict=True)
    ]
    return Placement(box, scaled, size, offsets[0], offsets[1])


def _in_proportion(inner: Size, outer: Size, *, cover: bool) -> Size:
    """Return the size in the shape of `inner` that just covers `outer`, or just fits into it."""
    by_height = outer[0] * inner[1] >= outer[1] * inner[0]
    if by_height == cover:
        width = (2 * inner[1] * outer[0] + inner[0]) // (2 * inner[0])
        return outer[0], max(width, outer[1]) if cover else min(max(width, 1), outer[1])
    height = (2 * inner[0] * outer[1] + inner[1]) // (2 * inner[1])
    return (max(height, outer[0]) if cover else min(max(height, 1), outer[0])), outer[1]
