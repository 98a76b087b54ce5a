"""Foreign text (names, notes, commands of submitted records) made safe for each place it is shown in.

A model may be named `<script>`, `a|b` or `=cmd`. HTML is escaped by the page's template engine; this
module does the rest: control characters, over-long text, Markdown, spreadsheets and link targets.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import quote

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKDOWN = re.compile(
    r"""[\\`*_{}\[\]\#|~!$^]                     # marks up text anywhere
    | :(?=//) | (?<!\w)@(?=\w) | @(?=[\w-]+\.) | (?<=www)\.   # becomes a link or a mention by itself
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FORMULA = ("=", "+", "-", "@")


def plain(text: str, limit: int = 120) -> str:
    """Return `text` on one line, at most `limit` characters long.

    White space becomes single blanks. Control characters, and those that hide or reorder their
    neighbours, become U+FFFD, so that a name cannot pass for another.
    """
    shown = " ".join(text[: 4 * limit].split())
    if not shown.isprintable():
        shown = "".join(
            "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _HIDDEN else c for c in shown
        )
    cut = len(shown) > limit or len(text) > 4 * limit
    return shown[: limit - 1].rstrip() + "…" if cut else shown


def markdown(text: str) -> str:
    """Return `text` so that GitHub's Markdown shows it letter for letter, in a table cell too."""
    escaped = _MARKDOWN.sub(lambda found: f"\\{found[0]}", plain(text, 1000))
    return "".join(_HTML.get(character, character) for character in escaped)


def markdown_code(text: str) -> str:
    """Return `text` as inline code, by HTML's tag: Markdown's own quotes cannot hold a back-tick safely."""
    return f"<code>{markdown(text)}</code>"


def spreadsheet(text: str) -> str:
    """Return `text` as a CSV cell that no spreadsheet takes for a formula: a leading `'` is put before it."""
    shown = plain(text, 1000)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def link_target(path: Path, folder: Path) -> str:
    """Return the relative URL from a page in `folder` to `path`, percent-encoded, with forward slashes."""
    relative = os.path.relpath(path.absolute(), folder.absolute()).replace(os.sep, "/")
    # Without the dot a first part that holds a colon would be read as a URL's scheme.
    return quote(relative if relative.startswith("../") else f"./{relative}", safe="/._-+=@~")
