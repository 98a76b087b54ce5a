"""How well people are found and followed, against the generator's truth: the tables of docs/pose.md.

python benchmarks/pose_tracking.py tracking            # the tracker alone, fed with who can be seen
python benchmarks/pose_tracking.py blazepose           # an estimator and the tracker together
python benchmarks/pose_tracking.py video CLIP.mp4 ...  # an estimator on real videos, with a picture
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.drawing import draw_whole_bodies
from mcbench.data.generated import RenderedFrame, SceneSpec, build_scene, demo_clips, test_clips
from mcbench.data.truth import Poses
from mcbench.estimators.pose import People, Tracker, estimate_poses, load_estimator, person_boxes
from mcbench.estimators.pose.accuracy import TrackingAccuracy, tracking_accuracy
from mcbench.video import open_frames, write_png

JITTER = 0.02  # of a person's height
LEAST_POINTS = 6
N_FRAMES_SHOWN = 5


def rendered(spec: SceneSpec, height: int, n_frames: int | None) -> Iterator[RenderedFrame]:
    scene = build_scene(spec)
    size = (height, round(height * 1.4))
    for index in range(spec.n_frames if n_frames is None else min(n_frames, spec.n_frames)):
        yield scene.render(index, size)


def seen_people(frame: RenderedFrame, random: np.random.Generator) -> People:
    """Return who is seen: true points with noise, covered ones unsure, in any order."""
    visible = frame.visibility == 2
    people = random.permutation(np.flatnonzero(visible.sum(axis=1) >= LEAST_POINTS))
    boxes = person_boxes(frame.keypoints, np.where(visible, 2, 0).astype(np.uint8))[people]
    points = frame.keypoints[people]
    height = (boxes[:, 3] - boxes[:, 1])[:, None, None]
    points = points + random.normal(size=points.shape) * JITTER * height
    confidence = np.where(visible[people], 0.9, 0.1)
    return People(
        points.astype(np.float32),
        confidence.astype(np.float32),
        boxes.astype(np.float32),
        np.full(len(people), 0.9, np.float32),
    )


def row(name: str, one: TrackingAccuracy, seconds: float) -> str:
    return (
        f"| {name} | {one.people} | {one.found / max(one.people, 1):.3f} | {one.extra} | {one.switches} | "
        f"{one.identity / max(one.people, 1):.3f} | {one.oks / max(one.found, 1):.3f} | {seconds:.2f} |"
    )


def measure(estimator_name: str, specs: tuple[SceneSpec, ...], height: int, n_frames: int | None) -> None:
    print("| clips | people | found | extra | switches | identity | oks | s a frame |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    total = TrackingAccuracy(0, 0, 0, 0, 0, 0.0)
    spent = frames = 0.0
    for spec in specs:
        size = (height, round(height * 1.4))
        started = time.monotonic()
        found = follow(estimator_name, spec, height, n_frames)
        spent, frames = spent + time.monotonic() - started, frames + found.n_frames
        one = tracking_accuracy(found, build_scene(spec).poses(size).first(found.n_frames))
        total = total + one
        print(row(spec.id, one, (time.monotonic() - started) / max(found.n_frames, 1)), flush=True)
    print(row("all", total, spent / max(frames, 1)), flush=True)


def follow(estimator_name: str, spec: SceneSpec, height: int, n_frames: int | None) -> Poses:
    size = (height, round(height * 1.4))
    if estimator_name != "tracking":
        frames = (frame.image for frame in rendered(spec, height, n_frames))
        return estimate_poses(frames, size, load_estimator(estimator_name))
    tracker, random = Tracker(), np.random.default_rng(0)
    for frame in rendered(spec, height, n_frames):
        tracker.add(seen_people(frame, random), frame.image)
    return tracker.tracks().poses(size, threshold=0.3, bridged=tracker.settings.bridged)


def show_video(path: Path, estimator_name: str, step: int, out: Path) -> None:
    source = open_frames(path)
    frames = [source[index] for index in range(0, len(source), step)]
    started = time.monotonic()
    poses = estimate_poses(frames, source.size, load_estimator(estimator_name))
    seconds = (time.monotonic() - started) / len(frames)
    seen = (poses.visibility == 2).any(axis=2).sum(axis=0).tolist()
    print(f"| {path.stem} | {len(frames)} | {poses.n_people} | {seen} | {seconds:.2f} |", flush=True)
    chosen = np.linspace(0, len(frames) - 1, N_FRAMES_SHOWN).astype(int)
    pictures = [overlaid(frames[index], poses, index) for index in chosen.tolist()]
    write_png(out / f"{path.stem}.png", np.concatenate(pictures, axis=1))


def overlaid(frame: NDArray[np.uint8], poses: Poses, index: int) -> NDArray[np.uint8]:
    drawing = draw_whole_bodies(poses.keypoints[index], poses.visibility[index], poses.size)
    drawn = drawing.any(axis=2, keepdims=True)
    step = max(1, frame.shape[0] // 300)
    return np.where(drawn, drawing, frame // 2)[::step, ::step]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", help="tracking, an estimator's name, or video")
    parser.add_argument("videos", nargs="*", type=Path)
    parser.add_argument("--estimator", default="blazepose", help="for videos")
    parser.add_argument("--split", choices=("demo", "test"), default="test")
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--frames", type=int, help="of each clip, at most")
    parser.add_argument("--step", type=int, default=1, help="every step-th frame of a video")
    parser.add_argument("--out", type=Path, default=Path())
    chosen = parser.parse_args()
    if chosen.what == "video":
        for path in chosen.videos:
            show_video(path, chosen.estimator, chosen.step, chosen.out)
        return
    specs = demo_clips() if chosen.split == "demo" else test_clips()
    measure(chosen.what, specs, chosen.height, chosen.frames)


if __name__ == "__main__":
    main()
