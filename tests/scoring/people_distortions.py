"""What each distortion does to each people metric, on generated clips; run as a module it prints the table.

    python -m tests.scoring.people_distortions

`docs/people.md` has the table. LPIPS is in it where the weights are on this machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np

from mcbench.data import Clip, open_split, prepare
from mcbench.data.generated import demo_clips
from mcbench.errors import WeightsMissingError
from mcbench.metrics.networks.registry import weights_in_use
from mcbench.records import Unavailable
from mcbench.scoring.networks import NetworkRequest, Networks
from mcbench.scoring.people.collector import PeopleCollector, PeopleValues
from mcbench.scoring.people.functions import FUNCTIONS
from mcbench.scoring.protocols import PeopleMetric
from tests.metrics.people.staging import Image, Stage

SIZE = (256, 184)
MANIFEST = """
id = "stages"
title = "Stages"
default_source = "generated"

[sources.generated]
kind = "generated"
networks = "embedded"
size = [256, 184]
generator_version = 1

[sources.generated.subsets.default]
clips = ["demo-01", "demo-02", "demo-03", "demo-04"]

[sources.generated.subsets.two]
clips = ["demo-01", "demo-03"]
"""
BY_MASKS = tuple(name for name, function in FUNCTIONS.items() if not function.of_pose)
"""Functions that need no pose detector."""


def _exchanged(stage: Stage, index: int) -> Image:
    return stage.looks(index, [*range(1, stage.n_people), 0])


def _noisy(stage: Stage, index: int) -> Image:
    noise = np.random.default_rng(index).normal(0, 20, (*SIZE, 3))
    return np.clip(np.rint(stage.frame(index).image + noise), 0, 255).astype(np.uint8)


DISTORTIONS: dict[str, Callable[[Stage, int], Image]] = {
    "none": lambda stage, index: stage.frame(index).image,
    "blurred, sigma 2 px": lambda stage, index: cv2.GaussianBlur(stage.frame(index).image, (0, 0), 2.0),
    "noise, sigma 20": _noisy,
    "5 % darker": lambda stage, index: (stage.frame(index).image * 0.95).astype(np.uint8),
    "40 % darker": lambda stage, index: (stage.frame(index).image * 0.6).astype(np.uint8),
    "moved by 4 px": lambda stage, index: np.roll(stage.frame(index).image, 4, axis=1),
    "looks exchanged": _exchanged,
    "exchanged from the middle on": lambda stage, index: (
        _exchanged(stage, index) if index >= 16 else stage.frame(index).image
    ),
    "exchanged in every other 4 frames": lambda stage, index: (
        _exchanged(stage, index) if index % 8 >= 4 else stage.frame(index).image
    ),
    "first person missing": lambda stage, index: stage.without(index, 0),
    "first person once more": lambda stage, index: stage.with_extra(index, 0),
    "painted from near to far": lambda stage, index: stage.painted(index, stage.far_to_near(index)[::-1]),
    "first frame repeated": lambda stage, index: stage.frame(0).image,
}


def no_networks() -> Networks:
    """Networks of which none is here."""
    missing = {"lpips-alex": Unavailable(reason="not here")}
    return Networks(NetworkRequest(family="embedded"), unavailable=missing)


def people_metrics(names: Iterable[str] = BY_MASKS) -> list[PeopleMetric]:
    """One metric of each function, of its name; which way is better plays no part here."""
    return [
        PeopleMetric(
            key=name, function=name, higher_is_better=True, trunk="alex" if name == "person_lpips" else ""
        )
        for name in names
    ]


def prepared_stages(home: Path, name: str = "stages") -> list[tuple[Clip, Stage]]:
    """The demo's clips, prepared at a small size, each with its stage."""
    (home / "manifests").mkdir(parents=True)
    (home / "manifests" / "stages.toml").write_text(MANIFEST)
    prepare(name, home=home)
    specs = {spec.id: spec for spec in demo_clips()}
    return [(clip, Stage(specs[clip.record.id], SIZE)) for clip in open_split(name, home=home).clips]


def measured(
    clip: Clip, stage: Stage, distortion: Callable[[Stage, int], Image], networks: Networks, step: int
) -> PeopleValues:
    """The values of every `step`-th frame under one distortion."""
    collector = PeopleCollector(people_metrics(), clip.folder, SIZE, networks)
    for index in range(0, clip.record.n_frames, step):
        collector.add(index, distortion(stage, index), clip.frame(index))
    return collector.finish()


def means(videos: Iterable[PeopleValues]) -> Mapping[str, float]:
    """Metric -> mean of each video, then over videos; the first frame and NaN are left out."""
    by_video = [
        {key: float(np.nanmean(rest)) for key, rest in columns if np.isfinite(rest).any()}
        for columns in ([(key, column[1:]) for key, column in one.frames.items()] for one in videos)
    ]
    keys = {key for one in by_video for key in one}
    return {key: float(np.mean([one[key] for one in by_video if key in one])) for key in keys}


def _main() -> None:
    networks = no_networks()
    try:
        networks.known["lpips-alex"] = weights_in_use("lpips-alex", None)
    except WeightsMissingError as error:
        print(error)
    columns = [name for name in BY_MASKS if name not in ("iaa_truth", "signature_distance")]
    with tempfile.TemporaryDirectory() as folder:
        stages = prepared_stages(Path(folder) / "home")
        print("| distortion |", " | ".join(columns), "|")
        print("|", " | ".join(["---"] * (1 + len(columns))), "|")
        for name, distortion in DISTORTIONS.items():
            found = means(measured(clip, stage, distortion, networks, 2) for clip, stage in stages)
            cells = [f"{found[column]:.3g}" if column in found else "-" for column in columns]
            print(f"| {name} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    _main()
