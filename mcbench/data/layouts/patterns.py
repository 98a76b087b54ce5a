"""Patterns of paths such as `{split}/{clip}/images/*.png`, and what they match in a folder.

A component of a pattern may hold `*` (any text), `?` (any letter) and `{name}` (any text, kept under that
name); none of them reaches over a `/`. Letters of either case match each other, hidden entries never match.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from mcbench.errors import InputError

_TOKEN = re.compile(r"\{([a-z][a-z0-9_]*)\}|(\*)|(\?)")
DEEPEST = 3
"""How many folders down a pattern may begin, since archives often hold a folder around everything."""


def _check_pattern(pattern: str) -> str:
    components = pattern.split("/")
    if pattern != pattern.strip() or any(part in ("", ".", "..") for part in components):
        raise ValueError(f"{pattern!r} is no relative path with '/' between its parts")
    if "\\" in pattern or ":" in pattern or "**" in pattern:
        raise ValueError(f"{pattern!r} holds a sign that patterns cannot have (\\, : or **)")
    if re.search(r"[{}]", _TOKEN.sub("", pattern)):
        raise ValueError(f"{pattern!r} holds a brace that is not part of a {{name}} in lower-case letters")
    names = placeholders(pattern)
    if len(set(names)) != len(names):
        raise ValueError(f"{pattern!r} names {names[0]!r} twice")
    return pattern


def _check_clip_pattern(pattern: str) -> str:
    if "clip" not in placeholders(_check_pattern(pattern)):
        raise ValueError(f"{pattern!r} lacks {{clip}}")
    return pattern


PathPattern = Annotated[str, AfterValidator(_check_pattern)]
"""A pattern without the need of `{clip}`."""
ClipPattern = Annotated[str, AfterValidator(_check_clip_pattern)]
"""A pattern in which `{clip}` stands for the clip's name."""


@dataclass(frozen=True)
class Match:
    """An entry that a pattern matches.

    Attributes:
        path: the entry.
        values: what stands at each `{name}`.
    """

    path: Path
    values: dict[str, str]


def placeholders(pattern: str) -> tuple[str, ...]:
    """Return the names in braces, in order."""
    return tuple(found.group(1) for found in _TOKEN.finditer(pattern) if found.group(1))


def fill(pattern: str, values: dict[str, str]) -> str:
    """Return the pattern with each `{name}` that has a value replaced by it."""
    return _TOKEN.sub(lambda found: values.get(found.group(1) or "", found.group(0)), pattern)


def component_regex(component: str) -> re.Pattern[str]:
    """Return the regular expression for one component of a pattern, to be used with `fullmatch`."""
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(component):
        parts.append(re.escape(component[end : token.start()]))
        name, star, _ = token.groups()
        parts.append(f"(?P<{name}>.+?)" if name else ".*" if star else ".")
        end = token.end()
    parts.append(re.escape(component[end:]))
    return re.compile("".join(parts), re.IGNORECASE)


def matches(folder: Path, pattern: str) -> tuple[Match, ...]:
    """Return what a pattern matches below `folder` itself, in order of path."""
    found = [Match(folder, {})]
    for component in pattern.split("/"):
        regex = component_regex(component)
        found = [
            Match(entry, {**match.values, **hit.groupdict()})
            for match in found
            if match.path.is_dir()
            for entry in visible_entries(match.path)
            if (hit := regex.fullmatch(entry.name))
        ]
    return tuple(found)


def candidates(folder: Path, patterns: Iterable[str]) -> Iterator[tuple[str, tuple[Match, ...]]]:
    """Yield each pattern with its matches, for one depth after the other at which it has any.

    A pattern may begin in `folder` or up to `DEEPEST` folders below it; all folders of one depth are taken
    together, since several archives lie side by side in folders of their own.
    """
    for pattern in patterns:
        for roots in _levels(folder):
            if found := tuple(match for root in roots for match in matches(root, pattern)):
                yield pattern, found


def find_files(folder: Path, patterns: Iterable[str]) -> tuple[Path, ...]:
    """Return the files that the first pattern with any matches, at the least depth that has any."""
    for _, found in candidates(folder, patterns):
        if paths := tuple(match.path for match in found if match.path.is_file()):
            return paths
    return ()


def visible_entries(folder: Path) -> list[Path]:
    """Return what lies in a folder and is not hidden, sorted by name.

    Raises:
        InputError: it cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            return [folder / name for name in sorted(entry.name for entry in entries) if name[0] != "."]
    except OSError as error:
        raise InputError(f"cannot list {folder}: {error.strerror}") from error


def _levels(folder: Path) -> Iterator[list[Path]]:
    level = [folder]
    for depth in range(DEEPEST + 1):
        if depth:
            level = [entry for root in level for entry in visible_entries(root) if entry.is_dir()]
        if not level:
            return
        yield level
