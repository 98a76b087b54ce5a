"""What distortions of generated clips do to the people metrics: the metric they aim at, and no other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mcbench.scoring.people.collector import PeopleValues
from tests.scoring.people_distortions import DISTORTIONS, SIZE, means, measured, no_networks, prepared_stages

EVERY = 5
COUNTS = ("missing_people", "extra_people")
PIXELS = ("person_psnr", "person_ssim")
Measure = Callable[[str], list[PeopleValues]]


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory) -> Measure:
    stages = prepared_stages(tmp_path_factory.mktemp("stages") / "home", "stages/two")
    for clip, stage in stages:
        np.testing.assert_array_equal(clip.frame(10), stage.frame(10).image)
        assert clip.record.size == SIZE
    kept: dict[str, list[PeopleValues]] = {}

    def measure(name: str) -> list[PeopleValues]:
        if name not in kept:
            kept[name] = [
                measured(clip, stage, DISTORTIONS[name], no_networks(), EVERY) for clip, stage in stages
            ]
        return kept[name]

    return measure


def test_the_truth_reads_perfect(measure: Measure) -> None:
    found = means(measure("none"))
    assert found["person_psnr"] == 100.0
    for key in ("person_ssim", "iaa", "iaa_cross", "identity_accuracy", "occlusion_order"):
        assert found[key] == pytest.approx(1.0, abs=1e-12), key
    for key in ("identity_swap_rate", *COUNTS):
        assert found[key] == 0.0, key


def test_exchanged_looks_break_identity_and_nothing_else(measure: Measure) -> None:
    found = means(measure("looks exchanged"))
    assert found["iaa"] == 0.0
    assert found["iaa_truth"] == 1.0
    assert found["identity_accuracy"] < 0.1
    for key in COUNTS:
        assert found[key] == 0.0, key
    two_people = means(measure("looks exchanged")[:1])
    assert two_people["identity_accuracy"] == two_people["identity_swap_rate"] == 0.0
    assert "occlusion_order" not in two_people, "who wears another's looks has no order by colours"
    decided = [
        sum(np.isfinite(video.frames["occlusion_order"]).sum() for video in measure(name))
        for name in ("none", "looks exchanged")
    ]
    assert decided[1] <= 0.2 * decided[0], "in a crowd, somebody half hidden may pass for himself"


def test_swap_rate_counts_changes_and_accuracy_counts_time(measure: Measure) -> None:
    once = measure("exchanged from the middle on")
    often = measure("exchanged in every other 4 frames")
    for video in once:
        np.testing.assert_array_equal(video.indices, np.arange(0, 32, EVERY))
        assert np.isnan(video.frames["identity_swap_rate"][0])
        np.testing.assert_array_equal(video.frames["identity_swap_rate"][1:], [0, 0, 0, 1, 0, 0])
        np.testing.assert_array_equal(video.frames["iaa"], [1, 1, 1, 1, 0, 0, 0])
    wrong = [index % 8 >= 4 for index in range(0, 32, EVERY)]
    for video in often:
        np.testing.assert_array_equal(video.frames["identity_swap_rate"][1:], np.abs(np.diff(wrong)))
        np.testing.assert_array_equal(video.frames["iaa"], 1.0 - np.array(wrong))


def test_who_has_not_come_is_missing(measure: Measure) -> None:
    videos = measure("first person missing")
    for video in videos:
        missing = video.people["missing_people"]
        assert np.nanmean(missing[:, 0]) > 0.8, "all but where somebody else stands behind him"
        assert np.nanmean(missing[:, 1:]) < 0.05
    assert means(videos)["extra_people"] == 0.0


def test_who_came_twice_is_extra(measure: Measure) -> None:
    videos = measure("first person once more")
    for video in videos:
        assert 0.7 < np.mean(video.frames["extra_people"] * video.visible) < 1.3
    found = means(videos)
    assert found["missing_people"] == 0.0
    assert found["iaa"] == 1.0
    assert found["person_psnr"] == 100.0, "nobody's own pixels have changed"


def test_paint_order_decides_occlusion_order(measure: Measure) -> None:
    found = means(measure("painted from near to far"))
    assert found["occlusion_order"] < 0.3
    assert found["missing_people"] < 0.05
    assert found["extra_people"] == 0.0
    assert found["identity_accuracy"] > 0.85


@pytest.mark.parametrize("name", ["blurred, sigma 2 px", "noise, sigma 20", "5 % darker"])
def test_worse_pictures_of_the_right_people_cost_pixels_alone(measure: Measure, name: str) -> None:
    found = means(measure(name))
    assert found["person_psnr"] < 35
    assert found["person_ssim"] < 1.0
    assert found["iaa"] > 0.8
    assert found["identity_accuracy"] > 0.95
    assert found["identity_swap_rate"] < 0.1
    assert found["occlusion_order"] > 0.85
    assert found["missing_people"] < 0.1
    assert found["extra_people"] < 0.05
