"""Each check finds what it is for, and says nothing of numbers that agree."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mcbench.leaderboard.published import (
    Families,
    PublishedRow,
    find_inconsistencies,
    read_families,
    read_published,
)
from tests.leaderboard.published.test_rows import COMMITTED, GOOD

FAMILIES = Families.model_validate(
    {
        "families": {
            "disco/2": {"about": "x", "l1_size": [256, 256]},
            "own:one": {"about": "y"},
            "own:pairs": {"about": "z", "not_frechet": "one video a side", "not_frechet_on": ["tiktok"]},
        }
    }
)


def row(metric: str, value: str, method: str = "A", **changes: str) -> PublishedRow:
    return PublishedRow.model_validate(
        GOOD | {"note": "", "metric": metric, "value": value, "method": method} | changes
    )


def doubts(*rows: PublishedRow) -> dict[int, list[str]]:
    return find_inconsistencies(rows, FAMILIES)


def l1_of(levels: float, pixels: int) -> str:
    return f"{levels / pixels:.9f}"


@pytest.mark.parametrize(
    ("height", "width", "note"), [(256, 256, ""), (512, 512, "L1 at 512x512 (inferred)")]
)
@pytest.mark.parametrize("kind", ["psnr", "psnr_uint8", "psnr_unstated"])
def test_an_l1_above_what_the_psnr_allows_is_found(height: int, width: int, note: str, kind: str) -> None:
    psnr = 26.0  # outside the range of the overflow, so that only this check speaks
    bound = 255 * 10 ** (-psnr / 20)
    above = (row("l1", l1_of(bound * 1.02, height * width), note=note), row(kind, f"{psnr}"))
    below = (row("l1", l1_of(bound * 0.98, height * width), note=note), row(kind, f"{psnr}"))
    assert list(doubts(*above)) == [1]
    assert f"is above {bound:.1f}" in doubts(*above)[1][0]
    assert doubts(*below) == {}


def test_l1_and_psnr_of_other_rows_or_unknown_sizes_are_not_held_against_each_other() -> None:
    bad_l1 = l1_of(200.0, 256 * 256)
    assert doubts(row("l1", bad_l1), row("psnr", "26.0", paper="Other, 2025")) == {}
    assert doubts(row("l1", bad_l1, protocol="own:one"), row("psnr", "26.0", protocol="own:one")) == {}


def test_a_psnr_in_the_range_of_the_overflow() -> None:
    assert "27 to 32 dB" in doubts(row("psnr", "28.5"), row("ssim", "0.52"))[0][0]
    assert "0.52" in doubts(row("psnr_unstated", "28.5"), row("ssim", "0.52"))[0][0]
    assert doubts(row("psnr", "28.5"), row("ssim", "0.94")) == {}
    assert doubts(row("psnr", "18.5"), row("ssim", "0.52")) == {}
    assert doubts(row("psnr_uint8", "28.5"), row("ssim", "0.52")) == {}, "it is called what it is"


def test_wrapping_arithmetic_lands_in_that_range_and_true_arithmetic_contradicts_nothing() -> None:
    import numpy as np

    random = np.random.RandomState(0)
    truth = random.randint(0, 256, (64, 64, 3)).astype(np.uint8)
    for sigma in (16, 32, 64):
        made = np.clip(truth + random.normal(0, sigma, truth.shape), 0, 255).astype(np.uint8)
        wrapped = np.mean((truth - made) ** 2)
        exact = np.mean((truth.astype(float) - made) ** 2)
        level = np.mean(np.abs(truth.astype(float) - made)) / 256**2
        wrong, right = (20 * math.log10(255 / math.sqrt(mse)) for mse in (wrapped, exact))
        l1 = row("l1", f"{level:.9f}")
        assert 27.0 <= wrong <= 32.0
        assert "mean error" in doubts(l1, row("psnr", f"{wrong:.2f}"), row("ssim", "0.4"))[1][0]
        assert doubts(l1, row("psnr", f"{right:.4f}"), row("ssim", "0.9")) == {}


def test_a_number_that_is_another_methods_is_found_on_both() -> None:
    found = doubts(row("fvd", "326.57"), row("fvd", "326.57", "B", paper="Other, 2025"))
    assert found[0] == ["equals the value of B in Other, 2025, Table 1"]
    assert found[1] == ["equals the value of A in Paper, CVPR 2024, Table 1"]


def test_numbers_equal_by_chance_or_by_an_alias_are_no_finding() -> None:
    assert doubts(row("fvd", "326"), row("fvd", "326", "B")) == {}, "three digits"
    assert doubts(row("ssim", "0.668"), row("ssim", "0.668", "B")) == {}
    same = (("fvd", "292.80"), ("fid", "30.75"), ("fid_vid", "59.90"))
    alias = [row(*pair, name) for name in ("A", "A (long name)") for pair in same]
    assert doubts(*alias) == {}
    assert doubts(row("fvd", "326.57"), row("fvd", "326.57", "B", protocol="own:one")) == {}


def test_a_number_that_stands_under_another_metric_is_found() -> None:
    found = doubts(row("ssim", "0.672"), row("lpips", "0.672"))
    assert "equals the LPIPS of A" in found[0][0]
    assert "equals the SSIM of A" in found[1][0]


def test_papers_that_print_different_numbers() -> None:
    found = doubts(row("fid_vid", "66.36"), row("fid_vid", "54.47", paper="Other, 2025"))
    assert found == {1: ["Paper, CVPR 2024, Table 1 has 66.36"]}
    assert doubts(row("fid_vid", "66.36"), row("fid_vid", "54.47", table="Table 2")) == {}, "another setting"
    assert doubts(row("fid_vid", "66.36"), row("fid_vid", "66.360", paper="Other, 2025")) == {}


def test_an_fvd_that_is_no_frechet_distance() -> None:
    assert doubts(row("fvd", "600", protocol="own:pairs"), row("fid", "60", protocol="own:pairs")) == {
        0: ["no Frechet distance: one video a side"]
    }
    other = row("fvd", "600", protocol="own:pairs", benchmark="x-dance")
    assert doubts(other) == {}


def test_every_slip_that_the_notes_of_the_committed_numbers_name_is_computed_too() -> None:
    rows = read_published(COMMITTED)
    found = find_inconsistencies(rows, read_families(COMMITTED, rows))
    for place, one in enumerate(rows):
        if "[sic]" in one.note and one.protocol == "disco/2":
            assert place in found, one
        if "not a Frechet distance" in one.note:
            assert any(text.startswith("no Frechet distance") for text in found[place]), one
        if "looks like the wrapped one" in one.note:
            assert any("8-bit arithmetic" in text for text in found.get(place, [])) == (one.number >= 27.0), (
                one
            )


def test_the_wrapped_numbers_of_the_field_contradict_their_l1(tmp_path: Path) -> None:
    rows = read_published(COMMITTED)
    found = find_inconsistencies(rows, read_families(COMMITTED, rows))
    wrapped = [
        place
        for place, one in enumerate(rows)
        if one.metric == "psnr_uint8" and one.protocol == "disco/2" and one.number < 29.5
        if any(other.place == one.place and other.metric == "l1" for other in rows)
        if "512" not in one.note
    ]
    assert len(wrapped) > 10
    assert all(any("contradicts the L1" in text for text in found[place]) for place in wrapped)
    true = [place for place, one in enumerate(rows) if one.metric == "psnr" and one.protocol == "disco/2"]
    assert not any("contradicts the L1" in text for place in true for text in found.get(place, []))
