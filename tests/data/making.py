"""A small benchmark and a small folder of videos for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mcbench.data.truth import Poses
from mcbench.video import write_png
from tests.video.making import numbered, write_video

TINY = """
id = "tiny"
title = "Tiny"
default_source = "generated"

[sources.generated]
kind = "generated"
networks = "embedded"
size = [64, 48]
generator_version = 1
max_frames = 3

[sources.generated.subsets.default]
clips = ["demo-02", "demo-01"]
videos = 2
frames = 6

[sources.generated.subsets.one]
clips = ["demo-02"]

[sources.local]
kind = "files"
networks = "reference"

[sources.local.subsets.default]
videos = 3
frames = 13
"""
TINY_CLIPS = ("demo-01", "demo-02")


def install_tiny(home: Path, text: str = TINY) -> Path:
    """Put the manifest where mcbench finds it by name."""
    path = home / "manifests" / "tiny.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def some_poses(n_frames: int, size: tuple[int, int] = (64, 64), n_people: int = 2) -> Poses:
    """Key points that stay inside the picture."""
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(0, size, (n_frames, n_people, 18, 2)).astype(np.float32)
    visibility = np.full((n_frames, n_people, 18), 2, np.uint8)
    return Poses(keypoints, visibility, np.ones((n_frames, n_people), np.float32), size)


def folder_of_videos(folder: Path) -> Path:
    """Two videos of 5 and 4 frames and a frame folder of 4."""
    folder.mkdir(parents=True)
    write_video(folder / "first dance.mp4", numbered(5), options={"crf": "20"})
    write_video(folder / "zweite.webm", numbered(4), codec="libvpx-vp9", rate=25)
    for index, picture in enumerate(numbered(4, 32, 48)):
        write_png(folder / "third" / f"{index + 1}.png", picture)
    return folder


CLIPS_OF_FOLDER = ("first_dance", "third", "zweite")


class Collected:
    """A `Progress` that keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.done = 0
        self.messages: list[str] = []

    def start(self, label: str, total: int) -> None:
        self.stages.append((label, total))

    def advance(self, units: int = 1) -> None:
        self.done += units

    def message(self, text: str) -> None:
        self.messages.append(text)
