"""A whole configuration and its file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Self

import pydantic

from mcbench import files
from mcbench.errors import FileFormatError, InputError
from mcbench.model.config.architecture import (
    GuidersConfig,
    ImageEncoderConfig,
    LatentsConfig,
    NetworkConfig,
    PretrainedConfig,
    ScheduleConfig,
)
from mcbench.model.config.sampling import SamplingConfig
from mcbench.model.config.section import Section
from mcbench.model.config.training import TrainingConfig
from mcbench.records import Size

_FOLDER = Path(__file__).parents[1] / "configs"


class ModelConfig(Section):
    """A whole configuration: `mcbench/model/configs/NAME.toml`."""

    name: str
    size: Size
    """(height, width) that the model generates."""
    latents: LatentsConfig
    network: NetworkConfig
    guiders: GuidersConfig
    image_encoder: ImageEncoderConfig
    schedule: ScheduleConfig
    pretrained: PretrainedConfig = PretrainedConfig()
    sampling: SamplingConfig
    training: TrainingConfig

    @pydantic.model_validator(mode="after")
    def _only_guesses_show_through(self) -> Self:
        if self.sampling.least_difference and self.latents.relative_to == "none":
            raise ValueError("sampling.least_difference wants latents that are differences to a first guess")
        return self

    @property
    def grid(self) -> int:
        """Side in pixels of one position of the coarsest features: sizes must be multiples of it."""
        return self.latents.factor << (len(self.network.block_out_channels) - 1)

    @classmethod
    def load(cls, name_or_path: str) -> Self:
        """Read a configuration by its name or from a TOML file.

        Raises:
            InputError: there is no such configuration.
            FileFormatError: the file is not a valid configuration; the message names the field.
        """
        path = Path(name_or_path)
        if path.suffix != ".toml":
            path = _FOLDER / f"{name_or_path}.toml"
        if not path.is_file():
            raise InputError(
                f"there is no model configuration {name_or_path!r}",
                f"use one of {', '.join(configuration_names())}, or the path of a .toml file",
            )
        return cls.parse(files.read_text(path), str(path))

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """Read a configuration from TOML text; `where` names it in errors.

        Raises:
            FileFormatError: the text is not a valid configuration.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise FileFormatError(f"{where} is not TOML: {error}") from error
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "the file"
            raise FileFormatError(
                f"{where} is not a model configuration: {field}: {first['msg']}",
                "compare it with mcbench/model/configs/tiny.toml",
            ) from error


def configuration_names() -> list[str]:
    """Return the names of the configurations that mcbench ships."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))
