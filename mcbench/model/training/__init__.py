"""Training of the reference model, on generated or prepared clips."""

from mcbench.model.training.loop import train
from mcbench.model.training.prepared import prepared_clips
from mcbench.model.training.stage import TrainingDivergedError

__all__ = ["TrainingDivergedError", "prepared_clips", "train"]
