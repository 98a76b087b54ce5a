"""What the drivers of FOMM, MRAA and TPS share: true frames drive them; pictures are of 0 to 1.

All three are of one family of code: `demo.py` with `load_checkpoints` and `make_animation`, a YAML file with
the networks' sizes, and a checkpoint that is a dictionary of one state dict a network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import driver_kit as kit
import numpy as np


def config_path(job: kit.Job, repository: Path) -> Path:
    """Return the YAML file of the networks: the option `config`, inside the repository unless absolute."""
    path = repository / str(kit.option(job, "config"))
    if not path.is_file():
        found = ", ".join(sorted(f"config/{p.name}" for p in (repository / "config").glob("*.yaml")))
        kit.fail(f"option config: there is no {path}; the repository has {found or 'no config folder'}")
    return path


def mode(job: kit.Job, known: Sequence[str]) -> str:
    """Return the option `mode`, which must be one of `known`."""
    value = str(kit.option(job, "mode"))
    if value not in known:
        kit.fail(f"option mode is {value!r}, not one of {', '.join(known)}")
    return value


def model_size(job: kit.Job) -> tuple[int, int]:
    """Return (height, width) that the networks were trained at: the option `img_shape`, such as "256,256"."""
    text = str(kit.option(job, "img_shape"))
    try:
        height, width = (int(part) for part in text.split(","))
    except ValueError:
        kit.fail(f"option img_shape is {text!r}, not HEIGHT,WIDTH such as 256,256")
    # The hourglass networks halve a picture that is a quarter of this size five times.
    if height < 128 or width < 128 or height % 128 or width % 128:
        kit.fail(f"option img_shape is {text!r}; both sides must be multiples of 128")
    return height, width


def read_checkpoint(path: Path, networks: Iterable[str]) -> dict[str, Any]:
    """Return a checkpoint, on the CPU, after a look at whether it holds the networks that will be loaded.

    It is read as tensors alone: a file that would run code when unpickled is refused here, before the
    authors' loader opens it, and a network that it lacks is told (their loaders leave some of them at
    random values then).
    """
    import pickle

    import torch

    try:
        checkpoint = torch.load(str(path), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, KeyError) as error:
        lines = str(error).strip().splitlines()
        kit.fail(f"{path.name} is not a checkpoint of tensors: {lines[0] if lines else type(error).__name__}")
    if not isinstance(checkpoint, dict):
        kit.fail(f"{path.name} holds a {type(checkpoint).__name__}, not one state dict a network")
    missing = [name for name in networks if name not in checkpoint]
    if missing:
        has = ", ".join(sorted(str(name) for name in checkpoint)) or "nothing"
        kit.fail(f"{path.name} has no {', '.join(missing)}, which this mode needs; it has {has}")
    return checkpoint


def as_model_picture(picture: kit.Picture, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Return a picture as the authors' demo.py makes it: float32 [height, width, 3], 0 to 1."""
    from skimage.transform import resize

    scaled: np.ndarray[Any, Any] = resize(picture, size)
    return scaled[..., :3].astype(np.float32)


@contextmanager
def told(path: Path, config: Path) -> Iterator[None]:
    """Turn the loader's error into one line: weights of another configuration are the usual cause."""
    try:
        yield
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        kit.fail(f"{path.name} does not fit {config.name}: {' '.join(lines[:2])}")


def driving(job: kit.Job, size: tuple[int, int]) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the true frames as `as_model_picture` gives them."""
    for picture in kit.read_driving(job, "driving-frames"):
        yield as_model_picture(picture, size)


def write(job: kit.Job, predictions: Iterable[np.ndarray[Any, Any]]) -> None:
    """Write predictions, float [height, width, 3] of 0 to 1, as frames of the job's size."""
    for index, prediction in enumerate(predictions):
        kit.write_frame(job, index, kit.resize(kit.to_uint8(prediction), job["size"]))


def as_batch(picture: np.ndarray[Any, Any], device: str) -> Any:
    """Return a picture, float [height, width, 3], as a tensor [1, 3, height, width] on the device."""
    import torch

    return torch.from_numpy(picture).permute(2, 0, 1)[None].to(device)


def as_picture(prediction: Any) -> np.ndarray[Any, Any]:
    """Return a prediction, a tensor [1, 3, height, width], as float [height, width, 3]."""
    picture: np.ndarray[Any, Any] = prediction[0].permute(1, 2, 0).cpu().numpy()
    return picture
