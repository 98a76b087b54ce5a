"""Parts of diffusers' pipelines: a user's folders, or what the Hugging Face hub published; safetensors only.

Nothing is downloaded unless the option `download=true` asks for it, and never under MCBENCH_OFFLINE.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mcbench import files
from mcbench.baselines.contract import Options
from mcbench.downloads.offline import is_offline
from mcbench.errors import FileFormatError, WeightsMissingError
from mcbench.records import WeightsUse

_READ_WITH = ("*.json", "*.txt", "*.model")
"""Configurations, vocabularies and tokenizers; weights are named one by one."""


@dataclass(frozen=True)
class Place:
    """Where a part lies.

    Attributes:
        option: name of the option that says it.
        given: what it says: a folder, or an id on the hub such as `h94/IP-Adapter`.
        folder: the folder on this machine.
    """

    option: str
    given: str
    folder: Path

    def weights(self, *patterns: str) -> tuple[WeightsUse, ...]:
        """Return the name and hash of every file of weights below the folder that fits a pattern."""
        paths = sorted({path for pattern in patterns for path in self.folder.glob(pattern)})
        return tuple(
            WeightsUse(
                name=f"{self.option}/{path.relative_to(self.folder).as_posix()}",
                sha256=files.sha256_file(path),
            )
            for path in paths
        )


def find(model: str, options: Options, option: str, weights: Sequence[str]) -> Place:
    """Return where a part lies, downloading it only where the options allow it.

    Args:
        model: the method, for messages.
        options: `option` and `download`.
        option: the option that names the part.
        weights: patterns of its files of weights, relative to the folder.

    Raises:
        WeightsMissingError: it is not on this machine; the hint is the command that gets it.
    """
    given = str(options[option])
    if Path(given).expanduser().is_dir():
        return Place(option, given, Path(given).expanduser().absolute())
    if given.count("/") != 1 or given.startswith((".", "/", "~")):
        raise WeightsMissingError(
            f"there is no folder {given!r} for {option} of {model}",
            f"give one that is there, or an id on the Hugging Face hub: --option {option}=OWNER/NAME",
        )
    import huggingface_hub

    offline = is_offline() or not options.get("download", False)
    patterns = [*_READ_WITH, *(f"**/{name}" for name in _READ_WITH), *weights]
    try:
        folder = huggingface_hub.snapshot_download(given, allow_patterns=patterns, local_files_only=offline)
    except (OSError, ValueError) as error:
        includes = " ".join(f"--include '{pattern}'" for pattern in patterns)
        raise WeightsMissingError(
            f"{option} of {model}, {given}, is not on this machine: {str(error).splitlines()[0]}",
            f"get it with: hf download {given} {includes}; or use --option download=true, or a folder of "
            f"yours: --option {option}=FOLDER",
        ) from error
    return Place(option, given, Path(folder))


def load_part(kind: Any, place: Place, *, subfolder: str | None = None, **settings: Any) -> Any:
    """Return `kind.from_pretrained` of a place: from this machine, safetensors only, every key accounted for.

    Raises:
        WeightsMissingError: a file is missing.
        FileFormatError: what lies there is something else.
    """
    given = settings if subfolder is None else {**settings, "subfolder": subfolder}
    try:
        with _without_progress():
            return kind.from_pretrained(place.folder, local_files_only=True, use_safetensors=True, **given)
    except OSError as error:
        raise WeightsMissingError(
            f"{place.option}={place.given} lacks a file of {kind.__name__}: {str(error).splitlines()[0]}",
            f"complete {place.folder}, or give another: --option {place.option}=FOLDER",
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise FileFormatError(
            f"{place.option}={place.given} does not hold {kind.__name__}: {str(error).splitlines()[0]}",
            f"give a folder that does: --option {place.option}=FOLDER",
        ) from error


@contextmanager
def _without_progress() -> Iterator[None]:
    """Keep both libraries from drawing a bar for every part that they load."""
    import diffusers
    import transformers

    modules = (diffusers.utils.logging, transformers.utils.logging)
    shown = [module for module in modules if module.is_progress_bar_enabled()]
    for module in shown:
        module.disable_progress_bar()
    try:
        yield
    finally:
        for module in shown:
            module.enable_progress_bar()


def precision(device: str) -> torch.dtype:
    """Return the numbers that pipelines run in: half precision on CUDA, else single."""
    return torch.float16 if device.startswith("cuda") else torch.float32


def ready(pipeline: Any, device: str) -> Any:
    """Return a loaded pipeline on its device, silent."""
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def sampler_of(pipeline: Any, options: Options) -> dict[str, str | int | float | bool]:
    """Return what a record says of how a pipeline samples: its scheduler, and the options that count."""
    kept = {name: value for name, value in options.items() if name != "download"}
    return {"scheduler": type(pipeline.scheduler).__name__, **kept}
