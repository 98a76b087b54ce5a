"""The four files of a leaderboard: made from a frame, written, or compared with what is there."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mcbench import files
from mcbench.errors import DataMissingError
from mcbench.leaderboard.json_file import render_json
from mcbench.leaderboard.making import make_board
from mcbench.leaderboard.markdown import render_markdown
from mcbench.leaderboard.page import TITLE, render_page
from mcbench.leaderboard.spreadsheet import render_csv
from mcbench.leaderboard.tables import Board


def render(
    frame: pd.DataFrame, out: Path, board: Board | None = None, *, title: str = TITLE
) -> dict[str, str]:
    """Return file name -> text of README.md, leaderboard.csv, leaderboard.json and index.html.

    The same records, lying the same way relative to `out`, give the same bytes on any machine.

    Args:
        frame: from `collect`.
        out: the folder that links are relative to; nothing is written.
        board: from `make_board` of the frame, where the caller has it already.
        title: of the page.

    Raises:
        DataMissingError: the frame is empty.
        MismatchError: records contradict each other.
        FileFormatError: a preview or a file of values by frame cannot be read.
    """
    if frame.empty:
        raise DataMissingError(
            "there are no scores to show",
            "mcbench run --model ours --split multi-character/demo, then mcbench score results/",
        )
    board = board or make_board(frame)
    return {
        "README.md": render_markdown(board, out),
        "leaderboard.csv": render_csv(frame, out),
        "leaderboard.json": render_json(board, out),
        "index.html": render_page(board, out, title),
    }


def write_leaderboard(
    frame: pd.DataFrame, out: Path, board: Board | None = None, *, title: str = TITLE
) -> list[Path]:
    """Write the files of `render` to `out`, each atomically, and return their paths."""
    rendered = render(frame, out, board, title=title)
    for name, text in rendered.items():
        files.write_text(out / name, text)
    return [out / name for name in rendered]


@dataclass(frozen=True)
class Stale:
    """A file that is not what the records give.

    Attributes:
        path: of the file.
        added: lines that are to be added.
        removed: lines that are to be removed.
        difference: unified diff from the file to what it should be.
    """

    path: Path
    added: int
    removed: int
    difference: tuple[str, ...]


def check(frame: pd.DataFrame, out: Path) -> list[Stale]:
    """Return the files in `out` that are not those of `render`; none if all are up to date.

    Nothing is written. A file that is missing counts as empty.
    """
    found = []
    for name, text in render(frame, out).items():
        path = out / name
        old = files.read_text(path) if path.exists() else ""
        if old != text:
            found.append(_stale(path, old, text))
    return found


def _stale(path: Path, old: str, text: str) -> Stale:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), text.splitlines(keepends=True), str(path), f"{path} (regenerated)"
    )
    difference = tuple(line.rstrip("\n") for line in lines)
    changes = [line[:1] for line in difference[2:]]
    return Stale(path, changes.count("+"), changes.count("-"), difference)
