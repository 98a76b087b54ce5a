"""Prints the peak memory in bytes of a run of so many frames, one line for each number that is given.

    python peaks.py FOLDER N_FRAMES ...

The folder holds a saved pipeline and `reference.png`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mcbench import environment
from mcbench.model import frame_store
from mcbench.model.pipeline import AnimationPipeline
from mcbench.video import read_image
from tests.model.conftest import make_poses


def main() -> None:
    folder = Path(sys.argv[1])
    # Features of any length go to disk, as those of long videos do.
    frame_store.FrameStore.__init__.__defaults__ = (0,)
    pipeline = AnimationPipeline.from_pretrained(folder / "pipeline")
    reference = read_image(folder / "reference.png")

    def run(n_frames: int) -> None:
        frames = pipeline.stream(reference, make_poses(n_frames), steps=1, output_size=(480, 320))
        assert sum(1 for _ in frames) == n_frames

    run(16)  # what is made once is not of any run
    for n_frames in map(int, sys.argv[2:]):
        environment.reset_peak_memory("cpu")
        run(n_frames)
        print(environment.peak_memory_bytes("cpu"))


if __name__ == "__main__":
    main()
