"""Names of clips: from any text to one that can be used in paths everywhere, and no name twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from mcbench.data.layouts.material import ClipMaterial
from mcbench.errors import InputError

_UNSAFE = re.compile(r"[^A-Za-z0-9._+@=-]")
_LONGEST = 128


def clip_id(name: str) -> str:
    """Return a name that can be used in paths everywhere.

    Accents are dropped where the letter is left, every other character than letters, digits and `._+@=-`
    becomes `_`, a name that would start with a sign gets `_` in front, and 128 characters are kept.
    """
    decomposed = unicodedata.normalize("NFKD", name)
    without_accents = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    safe = _UNSAFE.sub("_", without_accents)
    if not safe or not (safe[0].isalnum() or safe[0] == "_"):
        safe = f"_{safe}"
    return safe[:_LONGEST]


def in_order(clips: Iterable[ClipMaterial]) -> tuple[ClipMaterial, ...]:
    """Return the clips in order of id.

    Raises:
        InputError: two have one id, be it in letters of other case.
    """
    by_id: dict[str, ClipMaterial] = {}
    for clip in clips:
        twin = by_id.setdefault(clip.id.lower(), clip)
        if twin is not clip:
            raise InputError(
                f"{twin.path or twin.id} and {clip.path or clip.id} would both become the clip {clip.id!r}",
                "rename one of them, or move it away",
            )
    return tuple(sorted(by_id.values(), key=lambda clip: clip.id))
