"""Where published weights lie on this machine: nothing is downloaded here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from mcbench import files
from mcbench.errors import FileFormatError, MismatchError, WeightsMissingError

_WEIGHTS = (
    "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin",
    "model.safetensors", "pytorch_model.bin",
)  # fmt: skip


def find_folder(name: str) -> Path:
    """Return the folder of published weights.

    Args:
        name: a folder, or a name on the Hugging Face Hub that has been downloaded.

    Raises:
        WeightsMissingError: it is neither; the hint is the command that downloads it.
    """
    if Path(name).exists():
        return Path(name)
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise WeightsMissingError(
            f"there are no weights {name!r} on this machine",
            f"give a folder that has them, or download them: hf download {name}",
        ) from error


def find_weights(folder: Path) -> Path:
    """Return the file of weights in a component's folder, safetensors before torch's own format.

    Raises:
        WeightsMissingError: there is none.
    """
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise WeightsMissingError(f"{folder} holds no weights", f"it should have one of {', '.join(_WEIGHTS)}")


def find_component(name: str, subfolder: str) -> Path:
    """Return the folder of one component: `subfolder` of a whole pipeline, or the component's own folder.

    Raises:
        WeightsMissingError: there is none.
    """
    folder = find_folder(name)
    return folder / subfolder if (folder / subfolder).is_dir() else folder


def check_settings(folder: Path, wanted: dict[str, Any]) -> None:
    """Check that a component's `config.json` agrees with what our configuration builds.

    Tensors' shapes do not tell everything: the number of heads changes what the same weights compute.

    Args:
        folder: of the component.
        wanted: setting -> value; settings that the file does not have are passed over.

    Raises:
        MismatchError: a setting differs.
        FileFormatError: there is no readable `config.json`.
    """
    path = folder / "config.json"
    try:
        found = json.loads(files.read_text(path))
    except ValueError as error:
        raise FileFormatError(f"{path} is not JSON: {error}") from error
    # CLIP's file describes both of its halves.
    found = {**found, **(found.get("vision_config") or {})}
    for setting, value in wanted.items():
        if setting in found and found[setting] not in (
            value,
            list(value) if isinstance(value, tuple) else value,
        ):
            raise MismatchError(
                f"{path} has {setting} = {found[setting]}, the configuration builds {value}",
                "use a configuration with the networks of these weights",
            )
