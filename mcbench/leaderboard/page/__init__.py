"""The tables, the player and a view for each model and run as one static page that needs no other host.

`page.html.jinja` is filled in with everything escaped; `page.css` and the parts of the script in `js` are put
into it. A content security policy lets nothing run but that script, known by its hash, so text of a record
stays text. What the script draws from is `data.PageData`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from mcbench.leaderboard.page.data import PageData
from mcbench.leaderboard.page.making import page_data
from mcbench.leaderboard.tables import Board
from mcbench.leaderboard.text import link_target, plain

__all__ = ["TITLE", "PageData", "page_data", "render_page"]

TITLE = "mcbench leaderboard"
_SCRIPTS = (
    "core", "tables", "player", "difference", "curve", "lines", "plots", "videos", "runs", "start",
)  # fmt: skip
"""Parts of the script in the order in which they are joined; the last one starts the page."""


def render_page(board: Board, out: Path, title: str = TITLE) -> str:
    """Return `index.html`.

    Args:
        board: what to show.
        out: the folder of the page; links are relative to it.
        title: of the page.

    Raises:
        FileFormatError: a record, a preview or a file of values by frame cannot be read.
    """
    data = page_data(board, out)
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "plain": plain,
        "sentence": partial(plain, limit=1000),
        "link": partial(link_target, folder=out),
        "json_block": _json_block,
    }
    style = _resource("page.css")
    script = '"use strict";\n\n' + "\n".join(_resource(f"js/{name}.js") for name in _SCRIPTS)
    return environment.get_template("page.html.jinja").render(
        board=board,
        title=title,
        page_boards={one.id: one for one in data.boards},
        data=data,
        style=Markup(style),
        style_hash=_source_hash(style),
        script=Markup(script),
        script_hash=_source_hash(script),
    )


def _json_block(value: Any) -> Markup:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _resource(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _source_hash(source: str) -> str:
    """Return the hash by which a content security policy knows an inline script or style."""
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")
