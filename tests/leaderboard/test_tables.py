from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mcbench.errors import MismatchError
from mcbench.leaderboard import Table, collect, make_tables
from mcbench.records import ModelDescription, ScoreRecord, WeightsUse
from tests.leaderboard import factory


def tables_of(folder: Path, *records: ScoreRecord) -> list[Table]:
    for index, record in enumerate(records):
        factory.put(folder, record, folder=f"model-{index}")
    return make_tables(collect([folder]))


def cells(table: Table, metric: str) -> dict[str, Any]:
    index = [column.metric for column in table.columns].index(metric)
    return {row.name: row.cells[index] for row in table.rows}


@pytest.mark.parametrize(
    "changes",
    [
        {"split": factory.split(source="local")},
        {"split": factory.split(data_sha256=factory.digest("other data"))},
        {"split": factory.split(subset="full")},
        {"split": factory.split(benchmark="local/demo")},
        {"protocol": "mcbench/1"},
        {"protocol_sha256": factory.digest("other settings")},
        {"networks": "reference"},
    ],
)
def test_what_may_not_be_compared_is_in_tables_of_its_own(tmp_path: Path, changes: dict[str, Any]) -> None:
    tables = tables_of(tmp_path, factory.score("a"), factory.score("b"), factory.score("c", **changes))
    assert sorted(sorted(row.name for row in table.rows) for table in tables) == [["a", "b"], ["c"]]
    assert len({table.id for table in tables}) == 2


def test_other_weights_of_a_network_are_in_a_table_of_their_own(tmp_path: Path) -> None:
    old, new = (
        {
            "motion": WeightsUse(name="motion", sha256=factory.digest(name)),
            "image": WeightsUse(name="image", sha256=factory.digest("image")),
        }
        for name in ("old", "new")
    )
    tables = tables_of(
        tmp_path,
        factory.score("a", weights=old),
        factory.score("b", weights=old),
        factory.score("c", weights=new),
    )
    assert sorted([row.name for row in table.rows] for table in tables) == [["a", "b"], ["c"]]
    assert {table.variant for table in tables} == {
        f" (motion {factory.digest(name)[:12]})" for name in ("old", "new")
    }


def test_a_network_that_one_record_lacks_parts_nobody(tmp_path: Path) -> None:
    weights = {"motion": WeightsUse(name="motion", sha256=factory.digest("motion"))}
    (table,) = tables_of(tmp_path, factory.score("a", weights=weights), factory.score("b"))
    assert table.variant == ""


def test_best_and_ties_are_of_displayed_values(tmp_path: Path) -> None:
    (table,) = tables_of(
        tmp_path,
        factory.score("a", {"psnr": 20.001, "ssim": 0.70}),
        factory.score("b", {"psnr": 20.004, "ssim": 0.70004}),
        factory.score("c", {"psnr": 19.9, "ssim": 0.6}),
    )
    assert [(row.name, row.rank) for row in table.rows] == [("a", 1), ("b", 1), ("c", 3)]
    assert {name: cell.best for name, cell in cells(table, "psnr").items()} == {
        "a": True,
        "b": True,
        "c": False,
    }


def test_lower_is_better_where_the_record_says_so(tmp_path: Path) -> None:
    (table,) = tables_of(
        tmp_path, factory.score("a", {"fvd@embedded": 30.0}), factory.score("b", {"fvd@embedded": 20.0})
    )
    assert [(row.name, row.rank) for row in table.rows] == [("b", 1), ("a", 2)]
    assert cells(table, "fvd@embedded")["b"].best
    assert table.columns[0].arrow == "↓"


def test_incomplete_coverage_is_listed_unranked_and_never_best(tmp_path: Path) -> None:
    partial = factory.coverage(videos_scored=2, frames_scored=48, missing_videos=("dance-02",))
    (table,) = tables_of(
        tmp_path,
        factory.score("a", {"psnr": 20.0}),
        factory.score("b", {"psnr": 21.0}),
        factory.score("partial", {"psnr": factory.value("psnr", 99.0, n_videos=2)}, coverage=partial),
    )
    assert [(row.name, row.rank, row.complete) for row in table.rows] == [
        ("b", 1, True),
        ("a", 2, True),
        ("partial", None, False),
    ]
    assert {name for name, cell in cells(table, "psnr").items() if cell.best} == {"b"}
    assert any(
        "partial: incomplete (2/3 videos, 48/72 frames) and not ranked; missing dance-02" in n
        for n in table.notes
    )


def test_what_was_left_out_on_request_is_listed(tmp_path: Path) -> None:
    left_out = factory.coverage(excluded={"dance-01 (motion)": "no 16 frames in a row"})
    (table,) = tables_of(tmp_path, factory.score("a", coverage=left_out))
    assert any("dance-01 (motion) (no 16 frames in a row)" in note for note in table.notes)


def test_a_family_of_metrics_counts_once_and_the_wrapped_value_never(tmp_path: Path) -> None:
    metrics = {
        "psnr": 20.0,
        "psnr_uint8": 28.0,
        "lpips": 0.1,
        "lpips_vgg": 0.2,
        "lpips_alex": 0.3,
        "own": 1.0,
    }
    worse = {"psnr": 19.0, "psnr_uint8": 29.0, "lpips": 0.2, "lpips_vgg": 0.1, "lpips_alex": 0.1, "own": 0.5}
    (table,) = tables_of(tmp_path, factory.score("a", metrics), factory.score("b", worse))
    assert [column.metric for column in table.columns if column.counted] == ["psnr", "lpips"]
    assert [(row.name, row.mean_place) for row in table.rows] == [("a", Fraction(1)), ("b", Fraction(2))]
    assert not any(cell.best for cell in cells(table, "psnr_uint8").values())
    assert table.notes[0].startswith("Rank: mean place over PSNR, LPIPS,")


def test_a_metric_that_one_model_lacks_decides_no_rank(tmp_path: Path) -> None:
    lacking = factory.score(
        "a",
        {"psnr": 21.0},
        unavailable={"lpips": factory.unavailable("no weights", "mcbench weights fetch x")},
    )
    (table,) = tables_of(tmp_path, lacking, factory.score("b", {"psnr": 20.0, "lpips": 0.1}))
    assert [row.name for row in table.rows] == ["a", "b"]
    cell = cells(table, "lpips")["a"]
    assert cell.text == "–"
    (footnote,) = table.footnotes
    assert cell.footnotes == (footnote.number,)
    assert "no weights" in footnote.text
    assert footnote.command == "mcbench weights fetch x"


def test_a_metric_that_a_record_does_not_know_is_a_dash_with_a_reason(tmp_path: Path) -> None:
    (table,) = tables_of(
        tmp_path, factory.score("a", {"psnr": 20.0}), factory.score("b", {"psnr": 20.0, "ssim": 0.5})
    )
    assert cells(table, "ssim")["a"].footnotes
    assert "not in this record" in table.footnotes[0].text


def test_one_model_alone_is_not_called_best(tmp_path: Path) -> None:
    (table,) = tables_of(tmp_path, factory.score("a"))
    assert not any(cell.best for row in table.rows for cell in row.cells)
    assert table.rows[0].rank == 1


def test_values_made_of_fewer_videos_than_scored_are_marked(tmp_path: Path) -> None:
    fewer = factory.score(
        "a", {"psnr": 20.0, "fvd@embedded": factory.value("fvd@embedded", 30.0, n_videos=2)}
    )
    (table,) = tables_of(tmp_path, fewer)
    assert cells(table, "fvd@embedded")["a"].footnotes
    assert not cells(table, "psnr")["a"].footnotes
    assert table.footnotes[0].text == "made of 2 videos, while 3 were scored"


def test_a_note_that_all_values_share_stands_at_the_head(tmp_path: Path) -> None:
    shared = {"lpips": factory.value("lpips", 0.1, note="fed 0..1")}
    (table,) = tables_of(tmp_path, factory.score("a", shared), factory.score("b", shared))
    assert table.columns[0].footnotes == (1,)
    assert not cells(table, "lpips")["a"].footnotes
    assert [footnote.text for footnote in table.footnotes] == ["fed 0..1"]


def test_few_videos_bring_the_remark_on_bias_and_embedded_its_own(tmp_path: Path) -> None:
    (table,) = tables_of(tmp_path, factory.score("a"))
    bias = next(note for note in table.notes if "mostly bias" in note)
    assert bias.startswith("With 3 videos in 128 dimensions these distances are mostly bias: FVD@embedded.")
    assert any("not comparable with published" in note for note in table.notes)
    many = factory.value("fvd", 30.0, n_videos=500)
    coverage = factory.coverage(videos_expected=500, videos_scored=500)
    (table,) = tables_of(
        tmp_path / "many",
        factory.score("a", {"fvd": many, "kid": 0.1}, networks="reference", coverage=coverage),
    )
    assert not any("mostly bias" in note or "published" in note for note in table.notes)


def test_the_noise_floor_is_shown_if_records_agree_on_it(tmp_path: Path) -> None:
    one, same, other = (
        factory.score(name, {"fvd": factory.value("fvd", 30.0, noise_floor=floor)})
        for name, floor in (("a", 5.001), ("b", 5.002), ("c", 9.0))
    )
    (table,) = tables_of(tmp_path / "one", one, same)
    assert table.columns[0].noise_floor == "5.00"
    (table,) = tables_of(tmp_path / "two", one, same, other)
    assert not table.has_noise_floor


def test_directions_that_contradict_are_an_error(tmp_path: Path) -> None:
    upside_down = {"own": factory.value("own", 20.0, higher_is_better=True)}
    with pytest.raises(MismatchError, match=r"own.*model-0.*model-1"):
        tables_of(tmp_path, factory.score("a", {"own": 1.0}), factory.score("b", upside_down))


def test_rows_of_one_name_are_told_apart(tmp_path: Path) -> None:
    twin = ModelDescription(id="other", display_name="ours", kind="builtin")
    (table,) = tables_of(
        tmp_path, factory.score("ours"), factory.score(twin), factory.score("ours", {"psnr": 9.0})
    )
    names = [row.name for row in table.rows]
    assert len(set(names)) == 3
    assert "ours (other)" in names
    assert sum(name.startswith("ours (ours) (record ") for name in names) == 2


def test_dirty_and_unknown_states_are_remarked(tmp_path: Path) -> None:
    (table,) = tables_of(
        tmp_path,
        factory.score("a", environment=factory.environment(git_dirty=True)),
        factory.score("b", environment=factory.environment(git_commit=None, git_dirty=None)),
    )
    assert {row.name: row.dirty for row in table.rows} == {"a": True, "b": None}
    assert any(note.startswith("Commits with *") for note in table.notes)
    assert any(note.startswith("Those with ?") for note in table.notes)


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    records = [factory.score(f"m{index}", {"psnr": 20.0 + index % 3}) for index in range(8)]
    (expected,) = tables_of(tmp_path / "a", *records)
    random.Random(3).shuffle(records)
    (shuffled,) = tables_of(tmp_path / "b", *records)
    assert [(r.name, r.rank, r.cells) for r in shuffled.rows] == [
        (r.name, r.rank, r.cells) for r in expected.rows
    ]


def test_metrics_that_lack_for_one_reason_share_a_footnote(tmp_path: Path) -> None:
    reason = factory.unavailable("no weights", "mcbench weights fetch x")
    (table,) = tables_of(
        tmp_path, factory.score("a", {"psnr": 20.0}, unavailable={"lpips": reason, "lpips_vgg": reason})
    )
    assert [footnote.text for footnote in table.footnotes] == ["no weights"]
    assert cells(table, "lpips")["a"].footnotes == cells(table, "lpips_vgg")["a"].footnotes == (1,)
