from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from mcbench.errors import FileFormatError
from mcbench.leaderboard.published import read_families, read_published
from mcbench.leaderboard.published.rows import COLUMNS

COMMITTED = Path(__file__).parents[3] / "leaderboard" / "published"
GOOD = {
    "benchmark": "tiktok",
    "protocol": "disco/2",
    "method": "Method",
    "metric": "fvd",
    "value": "292.80",
    "unit": "",
    "paper": "Paper, CVPR 2024",
    "table": "Table 1",
    "checked": "ocr",
    "note": "extra data; at 256x256",
}
FAMILIES = '[families."disco/2"]\nabout = "an evaluator"\nl1_size = [256, 256]\n'


def write(folder: Path, *rows: dict[str, str], head: tuple[str, ...] = COLUMNS, name: str = "tiktok") -> Path:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([row[column] for column in COLUMNS] for row in rows)
    folder.mkdir(exist_ok=True)
    (folder / "families.toml").write_text(FAMILIES)
    path = folder / f"{name}.csv"
    path.write_text(stream.getvalue())
    return path


def test_a_row_keeps_all_that_its_line_says(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (row,) = read_published(tmp_path)
    assert row.model_dump() == GOOD
    assert row.number == 292.8
    assert row.notes == ("extra data", "at 256x256")


def test_no_folder_is_no_rows(tmp_path: Path) -> None:
    assert read_published(tmp_path / "absent") == []
    assert read_families(tmp_path / "absent", []).families == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": "nan"}, "value"),
        ({"value": "1e3"}, "value"),
        ({"value": "Infinity"}, "value"),
        ({"value": "-3.0"}, "fid cannot be -3.0"),
        ({"metric": "ssim", "value": "1.5"}, "ssim cannot be 1.5"),
        ({"metric": "fvdd"}, "no metric is called 'fvdd'"),
        ({"unit": "inch"}, "unit"),
        ({"checked": ""}, "checked"),
        ({"method": ""}, "method"),
        ({"method": "a" * 301}, "method"),
        ({"method": "a\u202eb"}, "invisible"),
        ({"paper": " P"}, "white space"),
        ({"protocol": "Own family"}, "protocol"),
        ({"benchmark": "../tiktok"}, "benchmark"),
        ({"benchmark": "ted-talks"}, "it is about ted-talks"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, change: dict[str, str], words: str) -> None:
    write(tmp_path, GOOD, GOOD | {"metric": "fid"} | change)
    with pytest.raises(FileFormatError, match=re.escape(words)) as error:
        read_published(tmp_path)
    assert "tiktok.csv, line 3" in error.value.message


def test_the_same_number_twice_is_named(tmp_path: Path) -> None:
    write(tmp_path, GOOD, GOOD | {"value": "300.0"})
    with pytest.raises(FileFormatError, match="line 3: the same number as in line 2"):
        read_published(tmp_path)


@pytest.mark.parametrize("text", ["", "a,b\n", '"open\n', "\x00"])
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tiktok.csv").write_text(text)
    with pytest.raises(FileFormatError, match=r"tiktok\.csv"):
        read_published(tmp_path)


def test_lines_of_other_lengths_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    path.write_text(path.read_text() + "tiktok,disco/2\n")
    with pytest.raises(FileFormatError, match="line 3: 2 cells"):
        read_published(tmp_path)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    path.write_text(path.read_text() + "x" * 6_000_000)
    with pytest.raises(FileFormatError, match="more than 5000000 bytes"):
        read_published(tmp_path)


@pytest.mark.parametrize(
    ("families", "words"),
    [
        ("families = 3", "families"),
        ("[", "no TOML"),
        ('[families."own:other"]\nabout = "x"', "does not know the evaluator disco/2"),
        (FAMILIES + "colour = 1", "colour"),
        (FAMILIES + '[unpublished]\ntiktok = "none"', "called unpublished, but has numbers"),
    ],
)
def test_families_that_are_wrong_are_refused(tmp_path: Path, families: str, words: str) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "families.toml").write_text(families)
    with pytest.raises(FileFormatError, match=words):
        read_families(tmp_path, read_published(tmp_path))


@pytest.mark.shared
def test_the_committed_files_hold_the_reference_row_for_row(shared: Path) -> None:
    with (shared / "reference" / "published-results.csv").open(encoding="utf-8", newline="") as stream:
        reference = list(csv.DictReader(stream))
    ours = [row.model_dump() for row in read_published(COMMITTED)]
    assert sorted(map(str, ours)) == sorted(map(str, reference))
    assert len(ours) == len(reference)


def test_the_committed_files_load_with_every_evaluator_known() -> None:
    rows = read_published(COMMITTED)
    families = read_families(COMMITTED, rows)
    assert set(families.families) == {row.protocol for row in rows}, "a family without numbers is left over"
    assert "multi-character" in families.unpublished
    assert not any(row.benchmark == "multi-character" for row in rows)
