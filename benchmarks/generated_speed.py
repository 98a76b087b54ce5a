"""How fast the embedded benchmark's frames are made, with all their truth.

Run it with `python benchmarks/generated_speed.py`.

Frames a second on one core, and the same as a ratio to a fixed NumPy workload measured in the same run,
which says more than seconds do on a machine that others use.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import time

import numpy as np

from mcbench.data import generated


def workload_seconds() -> float:
    """Return the time of 200 roots of a million float32 numbers: plain elementwise arithmetic."""
    values = np.arange(1_000_000, dtype=np.float32)
    start = time.process_time()
    for _ in range(200):
        np.sqrt(values * np.float32(1.0001) + np.float32(1.0))
    return time.process_time() - start


def seconds_a_frame(size: tuple[int, int], frames: int) -> float:
    """Return the processor time of a frame, over clips of two to five people."""
    scenes = [generated.build_scene(spec) for spec in generated.test_clips()[:8]]
    for scene in scenes:
        scene.render(0, size)  # the backdrop is painted once a clip
    start = time.process_time()
    for scene in scenes:
        for index in range(1, frames + 1):
            scene.render(index, size)
    return (time.process_time() - start) / (len(scenes) * frames)


def main() -> None:
    start = time.process_time()
    for spec in generated.test_clips():
        generated.build_scene(spec)
    print(f"build_scene: {(time.process_time() - start) / 20 * 1000:.1f} ms on average over the 20 clips")
    print(f"{'size':>9} {'frames/s':>9} {'frames per workload':>20}")
    for size, frames in (((256, 184), 8), ((896, 640), 2)):
        before = workload_seconds()
        seconds = seconds_a_frame(size, frames)
        workload = (before + workload_seconds()) / 2.0
        print(f"{size[0]}x{size[1]:<5} {1 / seconds:>9.1f} {workload / seconds:>20.2f}")


if __name__ == "__main__":
    main()
