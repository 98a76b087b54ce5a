"""Checkpoints of the reference model: where they are, and a pipeline out of one."""

from __future__ import annotations

from pathlib import Path

import pydantic
from diffusers.utils import logging

from mcbench.errors import FileFormatError, MismatchError, WeightsMissingError
from mcbench.model.config import configuration_names
from mcbench.model.pipeline import AnimationPipeline

CHECKPOINTS = Path(__file__).parent / "checkpoints"
DEFAULT_CHECKPOINT = "tiny"


def shipped_checkpoints() -> list[str]:
    """Return the names of the checkpoints that come with mcbench."""
    return sorted(path.parent.name for path in CHECKPOINTS.glob("*/model_index.json"))


def find_checkpoint(checkpoint: str | None = None) -> Path:
    """Return the folder of a checkpoint.

    Args:
        checkpoint: the name of a shipped one, or the folder of a pipeline, such as training writes; `tiny`
            by default.

    Raises:
        WeightsMissingError: there is none; the hint is how to get one.
    """
    name = DEFAULT_CHECKPOINT if checkpoint is None else checkpoint
    shipped = CHECKPOINTS / name
    folder = shipped if name in shipped_checkpoints() else Path(name)
    if (folder / "model_index.json").is_file():
        return folder
    if name in configuration_names():
        raise WeightsMissingError(
            f"mcbench ships no weights of the configuration {name!r}",
            f"train it (mcbench train {name} --out FOLDER) and give FOLDER/pipeline, or use a shipped "
            f"checkpoint: {', '.join(shipped_checkpoints())}",
        )
    raise WeightsMissingError(
        f"there is no checkpoint {name!r}",
        f"use a shipped one ({', '.join(shipped_checkpoints())}) or the folder `pipeline` that "
        "mcbench train writes",
    )


def load_pipeline(folder: Path, *, config: str | None = None) -> AnimationPipeline:
    """Load a pipeline's folder in single precision, from this machine alone.

    Args:
        folder: as `find_checkpoint` gives it.
        config: the name of the configuration that it must be of; None for any.

    Raises:
        FileFormatError: it does not hold a whole pipeline of ours, or one of another version of mcbench.
        MismatchError: it is of another configuration.
    """
    showed_progress = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        # diffusers fills networks made in float32, whatever the precision of the file.
        pipeline: AnimationPipeline = AnimationPipeline.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise FileFormatError(
            f"{folder} does not hold a pipeline of mcbench: {error}",
            "give the folder `pipeline` that mcbench train writes",
        ) from error
    finally:
        if showed_progress:
            logging.enable_progress_bar()
    pipeline.set_progress_bar_config(disable=True)
    if not pipeline.config.get("settings"):
        raise FileFormatError(f"{folder}/model_index.json has no settings of an mcbench pipeline")
    _check_settings(pipeline, folder)
    name = str(pipeline.config.settings["name"])
    if config is not None and config != name:
        raise MismatchError(
            f"{folder} is a checkpoint of the configuration {name!r}, not of {config!r}",
            f"ask for {name}, or give a checkpoint of {config}",
        )
    return pipeline


def _check_settings(pipeline: AnimationPipeline, folder: Path) -> None:
    """Read all settings now, so that those of another version are told before anything is made."""
    where = f"{folder}/model_index.json"
    try:
        _ = (pipeline.config.settings["name"], pipeline.size, pipeline.latents_config, pipeline.sampling)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise FileFormatError(
            f"{where} has settings that this version of mcbench does not read: {field}: {first['msg']}",
            "use the version that wrote it (training.json beside it names it), or train again",
        ) from error
    except (KeyError, TypeError) as error:
        raise FileFormatError(f"{where} lacks settings of an mcbench pipeline: {error}") from error
