"""The four files of a leaderboard: made from a frame, written, or compared with what is there."""

from __future__ import annotations

import difflib
from pathlib import Path

import pandas as pd

from mcbench import files
from mcbench.errors import DataMissingError
from mcbench.leaderboard.json_file import render_json
from mcbench.leaderboard.making import make_board
from mcbench.leaderboard.markdown import render_markdown
from mcbench.leaderboard.page import render_page
from mcbench.leaderboard.spreadsheet import render_csv
from mcbench.leaderboard.tables import Board


def render(frame: pd.DataFrame, out: Path, board: Board | None = None) -> dict[str, str]:
    """Return file name -> text of README.md, leaderboard.csv, leaderboard.json and index.html.

    The same records, lying the same way relative to `out`, give the same bytes on any machine.

    Args:
        frame: from `collect`.
        out: the folder that links are relative to; nothing is written.
        board: from `make_board` of the frame, where the caller has it already.

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
        "index.html": render_page(board, out),
    }


def write_leaderboard(frame: pd.DataFrame, out: Path, board: Board | None = None) -> list[Path]:
    """Write the files of `render` to `out`, each atomically, and return their paths."""
    rendered = render(frame, out, board)
    for name, text in rendered.items():
        files.write_text(out / name, text)
    return [out / name for name in rendered]


def check(frame: pd.DataFrame, out: Path) -> str:
    """Return the unified diff from the files in `out` to those of `render`; empty if none is stale.

    Nothing is written. A file that is missing counts as empty.
    """
    parts: list[str] = []
    for name, text in render(frame, out).items():
        path = out / name
        old = files.read_text(path) if path.exists() else ""
        if old == text:
            continue
        parts += difflib.unified_diff(
            old.splitlines(keepends=True), text.splitlines(keepends=True), str(path), f"{path} (regenerated)"
        )
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)
