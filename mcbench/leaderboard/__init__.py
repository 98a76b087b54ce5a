"""Score records become tables: Markdown, CSV and a page that plays the predictions."""

from mcbench.leaderboard.collect import collect
from mcbench.leaderboard.previews import previews_of
from mcbench.leaderboard.tables import Table, make_tables
from mcbench.leaderboard.write import check, render, write_leaderboard

__all__ = ["Table", "check", "collect", "make_tables", "previews_of", "render", "write_leaderboard"]
