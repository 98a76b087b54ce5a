"""Score records and printed numbers become tables: Markdown, CSV, JSON and a page that plays predictions."""

from mcbench.leaderboard.collect import collect
from mcbench.leaderboard.making import make_board, make_tables
from mcbench.leaderboard.previews import previews_of
from mcbench.leaderboard.submissions import Submission, read_score, read_submission
from mcbench.leaderboard.tables import Board, Table
from mcbench.leaderboard.write import Stale, check, render, write_leaderboard

__all__ = [
    "Board",
    "Stale",
    "Submission",
    "Table",
    "check",
    "collect",
    "make_board",
    "make_tables",
    "previews_of",
    "read_score",
    "read_submission",
    "render",
    "write_leaderboard",
]
