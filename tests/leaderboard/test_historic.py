"""Records that earlier versions wrote still load, and their numbers are still shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mcbench.leaderboard import collect, make_tables, read_submission

HISTORIC = Path(__file__).parents[1] / "historic_results"
FILES = sorted(HISTORIC.rglob("*.json"))


def test_there_are_some() -> None:
    assert len(FILES) >= 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HISTORIC).parts[0])
def test_an_old_record_loads_with_its_numbers(path: Path, tmp_path: Path) -> None:
    written = json.loads(path.read_text())
    submission = read_submission(path)
    assert submission.division == "open"
    assert {m: v.value for m, v in submission.score.metrics.items()} == {
        m: v["value"] for m, v in written["metrics"].items()
    }
    place = tmp_path / submission.place
    place.parent.mkdir(parents=True)
    shutil.copyfile(path, place)
    (table,) = make_tables(collect([], tmp_path))
    psnr = next(
        c for c, column in zip(table.rows[0].cells, table.columns, strict=True) if column.metric == "psnr"
    )
    assert psnr.text == f"{written['metrics']['psnr']['value']:.2f}"


def test_one_that_knows_no_values_by_video_joins_the_table_of_a_new_one_untested(tmp_path: Path) -> None:
    # The first record has other frames' hashes; what matters is that nothing is tested and nobody fails.
    old = json.loads((HISTORIC / "2026-11-first/warp/multi-character/demo/mcbench-1.json").read_text())
    new = json.loads((HISTORIC / "2026-11-bare/warp/multi-character/demo/mcbench-1.json").read_text())
    old["model"] |= {"id": "older", "display_name": "older"}
    old["split"] = new["split"]
    for data in (old, new):
        data["protocol_sha256"], data["weights"] = "0" * 64, {}
        place = tmp_path / data["model"]["id"] / "multi-character/demo/mcbench-1.json"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(data))
    (table,) = make_tables(collect([], tmp_path))
    assert sorted(row.model for row in table.rows) == ["older", "warp"]
    assert not table.has_groups
