"""Names inside archives: which may be unpacked, and where they lead."""

from __future__ import annotations

import posixpath
import re

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def clean_name(name: str) -> str:
    """Return a member's name as a plain relative path with `/`, or "" for the archive's top folder.

    A backslash counts as a separator, as on Windows, where archives may have been made.

    Raises:
        ValueError: the name is absolute, leads upwards, or holds control characters; says which.
    """
    if _CONTROL.search(name):
        raise ValueError("its name holds control characters")
    path = name.replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path):
        raise ValueError("its name is absolute")
    components = [component for component in path.split("/") if component not in ("", ".")]
    if ".." in components:
        raise ValueError("its name leads out of the folder")
    return "/".join(components)


def link_target(name: str, target: str) -> str:
    """Return the member that a symbolic link `name` to `target` leads to.

    Raises:
        ValueError: the target is absolute or lies outside the archive.
    """
    path = target.replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path):
        raise ValueError(f"it links to the absolute path {target}")
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    if joined == ".." or joined.startswith("../"):
        raise ValueError(f"it links out of the folder, to {target}")
    return clean_name(joined)
