"""The tables and the side-by-side player as one static page that needs no other host.

`page.html.jinja` is filled in with everything escaped; `page.css` and `page.js` are put into it. A content
security policy lets nothing run but that script, known by its hash, so text of a record stays text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from mcbench.leaderboard.tables import Table
from mcbench.leaderboard.text import link_target, plain


def render_page(tables: Sequence[Table], players: Sequence[dict[str, Any]], out: Path) -> str:
    """Return `index.html`.

    Args:
        tables: what to show, in order.
        players: `previews.player_data` of each table.
        out: the folder of the page; links are relative to it.
    """
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
    }
    style, script = _resource("page.css"), _resource("page.js")
    return environment.get_template("page.html.jinja").render(
        boards=list(zip(tables, players, strict=True)),
        style=Markup(style),
        style_hash=_source_hash(style),
        script=Markup(script),
        script_hash=_source_hash(script),
    )


def _resource(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _source_hash(source: str) -> str:
    """Return the hash by which a content security policy knows an inline script or style."""
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")
