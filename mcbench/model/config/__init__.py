"""Typed configurations of the model and its training, read from TOML."""

from mcbench.model.config.architecture import (
    AutoencoderConfig,
    ClipConfig,
    GuidersConfig,
    ImageEncoderConfig,
    LatentsConfig,
    NetworkConfig,
    PretrainedConfig,
    ScheduleConfig,
    SpaceToDepthConfig,
    TokensConfig,
)
from mcbench.model.config.model import ModelConfig, configuration_names
from mcbench.model.config.sampling import SamplingConfig
from mcbench.model.config.training import StageConfig, TrainingConfig

__all__ = [
    "AutoencoderConfig",
    "ClipConfig",
    "GuidersConfig",
    "ImageEncoderConfig",
    "LatentsConfig",
    "ModelConfig",
    "NetworkConfig",
    "PretrainedConfig",
    "SamplingConfig",
    "ScheduleConfig",
    "SpaceToDepthConfig",
    "StageConfig",
    "TokensConfig",
    "TrainingConfig",
    "configuration_names",
]
