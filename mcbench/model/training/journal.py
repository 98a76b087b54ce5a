"""What a training tells while it goes on: a line a step, TensorBoard where it is installed, and messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.progress import Progress
from mcbench.video import encode_png

_MESSAGE_EVERY = 50


class Journal:
    """Writes `log.jsonl`, `samples/` and `tensorboard/` of a training's folder.

    Args:
        folder: of the training.
        number: of the stage.
        steps: of the stage.
        done: steps taken before.
        progress: shows loss and images a second (means of the last steps), and is told both with the time
            left now and then.
    """

    def __init__(self, folder: Path, number: int, steps: int, done: int, progress: Progress) -> None:
        self._folder, self._number, self._steps, self._progress = folder, number, steps, progress
        self._losses: list[float] = []
        self._seconds: list[float] = []
        self._images: list[int] = []
        self._board = _summary_writer(folder / "tensorboard" / f"stage{number}", done)
        progress.start(f"Training, stage {number}", steps)
        progress.advance(done)
        if self._board is None and not done:
            progress.message(
                "TensorBoard is not installed (pip install 'mcbench[train]'): log.jsonl has all numbers"
            )

    @property
    def recent_loss(self) -> float:
        """Mean loss of the last steps (50 at most)."""
        return sum(self._losses) / max(1, len(self._losses))

    def step(self, step: int, loss: float, rate: float, seconds: float, took: float, images: int) -> None:
        """Note a step.

        Args:
            step: counted from 1.
            loss: of the whole batch.
            rate: of learning.
            seconds: of all steps of the stage.
            took: seconds of this one.
            images: frames that it learned from.
        """
        self._losses.append(loss)
        self._seconds.append(took)
        self._images.append(images)
        del self._losses[:-_MESSAGE_EVERY], self._seconds[:-_MESSAGE_EVERY], self._images[:-_MESSAGE_EVERY]
        self._write({"step": step, "loss": round(loss, 6), "seconds": round(seconds, 2)})
        speed = sum(self._images) / max(sum(self._seconds), 1e-9)
        self._scalars(step, {"loss": loss, "learning rate": rate, "images a second": speed})
        self._progress.note(f"loss {self.recent_loss:.4f}, {speed:.1f} images/s")
        self._progress.advance()
        if step % _MESSAGE_EVERY == 0:
            left = (self._steps - step) * sum(self._seconds) / len(self._seconds)
            self._progress.message(
                f"stage {self._number}, step {step}: loss {self.recent_loss:.4f}, {speed:.1f} images/s, "
                f"{left / 60:.0f} min left"
            )

    def validation(self, step: int, values: Mapping[str, float], sheet: NDArray[np.uint8]) -> None:
        """Note a validation: its numbers, and a picture uint8 [height, width, 3] of what was made."""
        self._write({"step": step, "validation": {name: round(each, 6) for name, each in values.items()}})
        files.write_bytes(self._folder / "samples" / f"stage{self._number}-{step:07d}.png", encode_png(sheet))
        self._scalars(step, {f"validation/{name}": value for name, value in values.items()})
        if self._board is not None:
            self._board.add_image("reference, pose, made, truth", sheet, step, dataformats="HWC")
        told = ", ".join(f"{name} {value:.4f}" for name, value in values.items())
        self._progress.message(f"stage {self._number}, step {step}: validation {told}")

    def close(self) -> None:
        """Finish TensorBoard's file."""
        if self._board is not None:
            self._board.close()

    def _write(self, line: dict[str, object]) -> None:
        with (self._folder / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"stage": self._number, **line}) + "\n")

    def _scalars(self, step: int, values: Mapping[str, float]) -> None:
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)


def _summary_writer(folder: Path, done: int) -> Any | None:
    """Return TensorBoard's writer, or None where it is not installed; steps after `done` are forgotten."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=done + 1)
