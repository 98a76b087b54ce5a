"""The micro pipeline of the model's own tests."""

from tests.model.conftest import config, networks, pipeline, poses, reference

__all__ = ["config", "networks", "pipeline", "poses", "reference"]
