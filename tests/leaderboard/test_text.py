from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mcbench.leaderboard.text import link_target, markdown, plain, spreadsheet

HOSTILE = [
    "<script>alert(1)</script>",
    "a|b",
    "`code` **bold** _it_ ~~gone~~",
    "[click](javascript:alert(1))",
    "![i](https://example.org/x.png)",
    "&lt;b&gt; &amp;",
    "https://example.org www.example.org @someone",
    "$x^2$ \\| # h",
    "日本語 modèle",
]


def rendered(cell: str) -> str:
    """The cell's content as a table of GitHub's kind shows it, by an independent Markdown parser."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    html = parser.render(f"| head | other |\n| --- | --- |\n| {cell} | x |\n")
    cells = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)
    assert len(cells) == 2, "the text has broken the table"
    content: str = cells[0]
    return content


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_shows_the_text_letter_for_letter(name: str) -> None:
    content = rendered(markdown(name))
    assert "<" not in content
    unescaped = content.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    assert unescaped == name


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1))
def test_any_text_stays_in_its_cell_and_makes_no_element(name: str) -> None:
    assert "<" not in rendered(f"x{markdown(name)}x")


def test_a_bare_address_or_mention_is_no_link() -> None:
    assert markdown("see https://example.org") == "see https\\://example.org"
    assert markdown("me@example.org") == "me\\@example.org"
    assert "www\\." in markdown("WWW.example.org www.example.org")
    assert markdown("@someone fid@embedded") == "\\@someone fid@embedded"


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_a_spreadsheet_sees_no_formula(text: str) -> None:
    assert spreadsheet(text).startswith("'")


def test_ordinary_text_is_left_alone_in_a_spreadsheet() -> None:
    assert spreadsheet("copy-reference") == "copy-reference"


@given(st.text())
def test_plain_text_is_one_visible_line(text: str) -> None:
    shown = plain(text)
    assert len(shown) <= 120
    assert "\n" not in shown
    assert all(unicodedata.category(character) not in {"Cc", "Cf"} for character in shown)


def test_a_name_cannot_reverse_its_neighbours_or_fill_the_page() -> None:
    assert plain("abc\u202egnp.exe") == "abc\ufffdgnp.exe"
    assert plain("x" * 10_000_000) == "x" * 119 + "…"


def test_links_are_relative_and_encoded() -> None:
    out = Path("/a/leaderboard")
    assert link_target(Path("/a/results/m/scores/disco-2.json"), out) == "../results/m/scores/disco-2.json"
    assert link_target(out / "submissions/x y)(.json", out) == "./submissions/x%20y%29%28.json"
    assert link_target(out / "javascript:alert(1)", out) == "./javascript%3Aalert%281%29"
