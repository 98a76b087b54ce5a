"""What of this machine a container sees: single files and folders, at the paths that they have here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from mcbench.baselines.external.containers.engine import Engine


def mounts(read: Iterable[Path], write: Iterable[Path] = ()) -> list[str]:
    """Return the options that show files and folders to a container, each once.

    Args:
        read: absolute paths that it may only read.
        write: those that it may change, too.
    """
    changed = list(dict.fromkeys(write))
    seen = [path for path in dict.fromkeys(read) if path not in changed]
    options = [word for path in changed for word in ("--mount", _bind(path))]
    return options + [word for path in seen for word in ("--mount", _bind(path, "readonly"))]


def confined(engine: Engine) -> list[str]:
    """Return the options that take from a container what no method needs."""
    # Where SELinux guards a machine, folders of the user could be seen by no container; the alternative
    # is to change their labels for good.
    options = ["--security-opt", "no-new-privileges", "--security-opt", "label=disable"]
    return [*options, "--cap-drop", "ALL", *engine.as_caller()]


def named_in(words: Iterable[str]) -> list[Path]:
    """Return the files and folders that words name by an absolute path and that are here."""
    parts = [part.removeprefix("file://") for word in words for part in (word, *word.split())]
    found = [Path(part) for part in parts if part.startswith("/")]
    return [path for path in dict.fromkeys(found) if path != Path("/") and path.exists()]


def targets(paths: Iterable[Path]) -> list[Path]:
    """Return where links lead that are followed from paths: a link to what is not mounted leads nowhere."""
    return [path.resolve() for path in paths if path.resolve() != path.absolute()]


def _bind(path: Path, *more: str) -> str:
    """Return a mount as engines read it: comma-separated values, quoted where a path has a comma."""
    text = io.StringIO()
    values = ["type=bind", f"source={path}", f"target={path}", *more]
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
