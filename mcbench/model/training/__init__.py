"""Training of the reference model on generated clips."""

from mcbench.model.training.loop import TrainingDivergedError, train

__all__ = ["TrainingDivergedError", "train"]
