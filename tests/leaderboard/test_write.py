from __future__ import annotations

import csv
import html.parser
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from mcbench.errors import DataMissingError, FileFormatError
from mcbench.leaderboard import check, collect, previews_of, render, write_leaderboard
from mcbench.records import ModelDescription
from mcbench.video import write_preview
from tests.leaderboard import factory

HOSTILE = "</script><script>alert(1)</script>|=cmd"


def make_results(folder: Path) -> None:
    for index, model in enumerate(("ours", "warp", "copy-reference")):
        metrics = {"psnr": 20.0 - index, "ssim": 0.8 - 0.1 * index, "fvd@embedded": 30.0 + index}
        factory.put(folder, factory.score(model, metrics))
        factory.put(folder, factory.score(model, metrics, protocol="mcbench/1"))
    hostile = ModelDescription(id="hostile", display_name=HOSTILE, kind="builtin")
    reason = factory.unavailable("<b>no</b> | weights", "=`rm`")
    factory.put(folder, factory.score(hostile, {"psnr": 1.0}, unavailable={"ssim": reason}))


def make_video(path: Path, n_frames: int, fps: float) -> None:
    frames = [np.full((32, 48, 3), 9 * index, np.uint8) for index in range(n_frames)]
    write_preview(path, frames, fps)


class Page(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_writes_four_files_that_check_finds_fresh(tmp_path: Path) -> None:
    make_results(tmp_path / "results")
    out = tmp_path / "leaderboard"
    paths = write_leaderboard(collect([tmp_path / "results"]), out)
    assert [path.name for path in paths] == ["README.md", "leaderboard.csv", "leaderboard.json", "index.html"]
    assert all(path.is_file() for path in paths)
    assert check(collect([tmp_path / "results"]), out) == []


def test_check_shows_the_difference_and_writes_nothing(tmp_path: Path) -> None:
    results, out = tmp_path / "results", tmp_path / "leaderboard"
    make_results(results)
    write_leaderboard(collect([results]), out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    factory.put(results, factory.score("warp", {"psnr": 23.45, "ssim": 0.7, "fvd@embedded": 31.0}))
    stale = {one.path.name: one for one in check(collect([results]), out)}
    assert set(stale) == before.keys()
    difference = "\n".join(stale["README.md"].difference)
    for one in stale.values():
        new = render(collect([results]), out)[one.path.name].count("\n")
        assert new - before[one.path.name].count(b"\n") == one.added - one.removed
    assert re.search(r"^-\| 2 \| warp \| 19\.00", difference, re.MULTILINE)
    assert re.search(r"^\+\| \d \| warp \| \*\*23\.45\*\*", difference, re.MULTILINE)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("name", ["README.md", "leaderboard.csv", "leaderboard.json", "index.html"])
def test_check_finds_an_edited_and_a_missing_file(tmp_path: Path, name: str) -> None:
    make_results(tmp_path / "results")
    frame, out = collect([tmp_path / "results"]), tmp_path / "leaderboard"
    write_leaderboard(frame, out)
    text = (out / name).read_text()
    (out / name).write_text(text.replace("20.0", "99.0", 1))
    (edited,) = check(frame, out)
    assert (edited.path, edited.added) == (out / name, edited.removed)
    assert edited.added > 0
    (out / name).unlink()
    (missing,) = check(frame, out)
    assert (missing.path, missing.added) == (out / name, text.count("\n"))


def test_the_same_records_give_the_same_bytes_elsewhere(tmp_path: Path) -> None:
    make_results(tmp_path / "one" / "results")
    make_video(tmp_path / "one/results/ours/multi-character/demo/previews/dance-00.mp4", 4, 8.0)
    shutil.copytree(tmp_path / "one", tmp_path / "a" / "longer" / "two")
    first, second = (
        render(collect([root / "results"]), root / "leaderboard")
        for root in (tmp_path / "one", tmp_path / "a" / "longer" / "two")
    )
    assert first == second
    assert str(tmp_path) not in "".join(first.values())


def test_no_score_is_an_error_with_a_command(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="mcbench run"):
        render(collect([tmp_path]), tmp_path)


def test_markdown_has_values_intervals_links_and_footnotes(tmp_path: Path) -> None:
    make_results(tmp_path / "results")
    text = render(collect([tmp_path / "results"]), tmp_path / "leaderboard")["README.md"]
    assert text.count("## multi-character/demo") == 1
    assert "### generated source, disco/2, embedded networks" in text
    assert "**20.00**<br><sub>\\[19.00, 21.00\\]</sub>" in text
    assert "[score](../results/ours/multi-character/demo/scores/disco-2.json)" in text
    assert "| PSNR (dB) ↑ | SSIM ↑ | FVD@embedded ↓ |" in text
    assert "3/3 videos, 72/72 frames" in text
    assert "–<sup>1</sup>" in text
    assert "2026-11-21 0123456" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in rows}
    assert len(widths) == 1, "a name has broken a table"


def test_a_dirty_commit_is_marked(tmp_path: Path) -> None:
    factory.put(tmp_path, factory.score("a", environment=factory.environment(git_dirty=True)))
    rendered = render(collect([tmp_path]), tmp_path)
    assert "2026-11-21 0123456\\*" in rendered["README.md"]
    assert "0123456*" in rendered["index.html"]


def test_hostile_names_stay_text_everywhere(tmp_path: Path) -> None:
    make_results(tmp_path / "results")
    rendered = render(collect([tmp_path / "results"]), tmp_path / "leaderboard")
    assert "<script" not in rendered["README.md"]
    page = Page(rendered["index.html"])
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert "alert(1)" in page.text
    rows = list(csv.reader(io.StringIO(rendered["leaderboard.csv"])))
    assert not any(cell[:1] in set("=+@\t\r") for row in rows for cell in row)


def test_the_page_asks_no_other_host_for_anything(tmp_path: Path) -> None:
    make_results(tmp_path / "results")
    page = Page(render(collect([tmp_path / "results"]), tmp_path / "leaderboard")["index.html"])
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed"}
        for name in ("src", "href", "action"):
            assert not re.match(r"(?i)[a-z][a-z0-9+.-]*:|//", attributes.get(name) or "")
        assert not any(name.startswith("on") or name == "style" for name in attributes)


def test_csv_has_all_digits_and_parses(tmp_path: Path) -> None:
    factory.put(tmp_path, factory.score("a", {"psnr": 20.123456789012345, "kid": -0.25}))
    rows = list(csv.DictReader(io.StringIO(render(collect([tmp_path]), tmp_path)["leaderboard.csv"])))
    assert [(row["metric"], float(row["value"])) for row in rows] == [
        ("kid", -0.25),
        ("psnr", 20.123456789012345),
    ]
    assert rows[0]["rank"] == "1"
    assert rows[0]["ci_low"] == ""
    assert rows[0]["complete"] == "true"
    assert rows[0]["record_path"] == "./a/multi-character/demo/scores/disco-2.json"


def test_previews_of_a_run(tmp_path: Path) -> None:
    make_video(tmp_path / "previews" / "a.mp4", 2, 8.0)
    (tmp_path / "previews" / ".partial-x.mp4").write_bytes(b"")
    assert previews_of(tmp_path) == {"a": tmp_path / "previews" / "a.mp4"}
    assert previews_of(tmp_path / "absent") == {}


def test_a_damaged_preview_is_named(tmp_path: Path) -> None:
    factory.put(tmp_path, factory.score())
    preview = tmp_path / "ours/multi-character/demo/previews/dance-00.mp4"
    preview.parent.mkdir()
    preview.write_bytes(b"not a video")
    with pytest.raises(FileFormatError, match=r"dance-00\.mp4"):
        render(collect([tmp_path]), tmp_path)
