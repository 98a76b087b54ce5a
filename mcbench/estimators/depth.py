"""Depth from one picture: Depth Anything, through transformers.

What it gives is inverse relative depth: larger is nearer, without unit or scale, and comparable within a
frame only. It tells who is in front of whom, and nothing more is made of it here.

Source: Yang et al., Depth Anything V2, NeurIPS 2024; the checkpoint depth-anything/Depth-Anything-V2-Small-hf
at revision 32d0394 (Apache-2.0). Before and after the network everything is as transformers'
`DPTImageProcessor` and its `post_process_depth_estimation` do it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench import files, weights
from mcbench.errors import FileFormatError, InputError
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.records import WeightsUse
from mcbench.video import Frame

DEPTH_ANYTHING = "depth-anything-v2-small"
DEPTH_ESTIMATORS = (DEPTH_ANYTHING,)

_CONFIG: dict[str, Any] = {
    "model_type": "depth_anything",
    "backbone_config": {
        "model_type": "dinov2",
        "hidden_size": 384,
        "image_size": 518,
        "num_attention_heads": 6,
        "out_features": ["stage3", "stage6", "stage9", "stage12"],
        "out_indices": [3, 6, 9, 12],
        "patch_size": 14,
        "reshape_hidden_states": False,
    },
    "fusion_hidden_size": 64,
    "head_hidden_size": 32,
    "head_in_index": -1,
    "neck_hidden_sizes": [48, 96, 192, 384],
    "patch_size": 14,
    "reassemble_factors": [4, 2, 1, 0.5],
    "reassemble_hidden_size": 384,
}
"""The checkpoint's config.json, without what only training reads."""
_PROCESSING: dict[str, Any] = {
    "do_resize": True,
    "size": {"height": 518, "width": 518},
    "keep_aspect_ratio": True,
    "ensure_multiple_of": 14,
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "do_pad": False,
}
"""The checkpoint's preprocessor_config.json."""


def is_model_folder(path: Path) -> bool:
    """Return whether a folder looks like a model of transformers: it has a config.json."""
    return (path / "config.json").is_file()


def depth_identity(model: str, *, home: Path | None = None) -> EstimatorIdentity:
    """Return what a record says of an estimator, without loading it.

    Args:
        model: one of `DEPTH_ESTIMATORS`, or the folder of a Depth Anything model in the form of transformers
            (config.json, preprocessor_config.json, model.safetensors). A folder's own name becomes the
            estimator's.
        home: mcbench's folder, where weights lie.

    Raises:
        InputError: it is neither.
        WeightsMissingError: the weights are not on this machine; the hint is the command that gets them.
        FileFormatError: a file of the folder is missing.
    """
    if model in DEPTH_ESTIMATORS:
        used = weights.present(model, home)
        return EstimatorIdentity(name=model, weights=(WeightsUse(name=model, sha256=used.sha256),))
    folder = Path(model).expanduser()
    if not is_model_folder(folder):
        raise InputError(
            f"no estimator of depth is called {model!r}",
            f"there is {', '.join(DEPTH_ESTIMATORS)}; or give the folder of a Depth Anything model "
            "(config.json, preprocessor_config.json, model.safetensors)",
        )
    name = files.safe_name(folder.resolve().name, "name of an estimator; rename the model's folder")
    used_files = tuple(
        WeightsUse(name=file.name, sha256=files.sha256_file(file)) for file in _files_of(folder)
    )
    return EstimatorIdentity(name=name, weights=used_files)


def load_depth(model: str, *, home: Path | None = None, device: str = "cpu") -> DepthAnything:
    """Load an estimator of depth; nothing is downloaded.

    Args:
        model: as in `depth_identity`.
        home: mcbench's folder.
        device: of torch.

    Raises:
        InputError, WeightsMissingError: as `depth_identity`.
        FileFormatError: a file is damaged, or holds another network.
    """
    if model in DEPTH_ESTIMATORS:
        return DepthAnything(_CONFIG, _PROCESSING, weights.find(model, home), device)
    depth_identity(model, home=home)
    config, processing, state = _files_of(Path(model).expanduser())
    return DepthAnything(_read_json(config), _read_json(processing), state, device)


class DepthAnything:
    """Depth Anything (V1 or V2, relative depth) in evaluation mode.

    Args:
        config: content of the model's config.json.
        processing: content of its preprocessor_config.json.
        state: its model.safetensors.
        device: of torch.

    Raises:
        FileFormatError: the state does not fit the config, or is of a network for metric depth.
    """

    def __init__(self, config: dict[str, Any], processing: dict[str, Any], state: Path, device: str) -> None:
        import torch
        from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, DPTImageProcessor

        from mcbench.weights.loading import read_state

        if config.get("model_type") != "depth_anything":
            raise FileFormatError(
                f"the config of {state} is of a {config.get('model_type', 'nameless')!r} model, "
                "not of depth_anything"
            )
        if config.get("depth_estimation_type", "relative") != "relative":
            raise FileFormatError(
                f"{state} gives metric depth, where larger is farther", "use a model of relative depth"
            )
        # transformers knows the names that older checkpoints use, so it fills the network; strictly.
        try:
            with _without_progress_bar():
                network, told = DepthAnythingForDepthEstimation.from_pretrained(
                    None,
                    config=DepthAnythingConfig.from_dict(config),
                    state_dict=read_state(state),
                    output_loading_info=True,
                )
        except (RuntimeError, ValueError, TypeError, KeyError) as error:
            raise FileFormatError(f"{state} does not fit its config: {str(error).splitlines()[0]}") from error
        problems = [
            f"{len(told[kind])} {kind.replace('_', ' ')} (such as {sorted(map(str, told[kind]))[0]})"
            for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")
            if told.get(kind)
        ]
        if problems:
            raise FileFormatError(f"{state} does not fit its config: {', '.join(problems)}")
        self._device = torch.device(device)
        self._network = network.to(self._device).eval().requires_grad_(False)
        self._processor = DPTImageProcessor(**{k: v for k, v in processing.items() if k in _PROCESSING})

    def nearness(self, frame: Frame) -> NDArray[np.float32]:
        """Return the inverse relative depth of a frame: larger is nearer.

        Args:
            frame: uint8 [height, width, 3], RGB.

        Returns:
            float32 [height, width]; no unit, and comparable within this frame only.
        """
        import torch
        from torch.nn import functional

        inputs = self._processor(images=frame, input_data_format="channels_last", return_tensors="pt")
        with torch.inference_mode():
            found = self._network(pixel_values=inputs["pixel_values"].to(self._device)).predicted_depth
            resized = functional.interpolate(
                found[:, None].float(), size=frame.shape[:2], mode="bicubic", align_corners=False
            )
        return np.asarray(resized[0, 0].cpu().numpy(), dtype=np.float32)


@contextmanager
def _without_progress_bar() -> Iterator[None]:
    from transformers.utils import logging

    showed = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if showed:
            logging.enable_progress_bar()


def _files_of(folder: Path) -> tuple[Path, Path, Path]:
    names = ("config.json", "preprocessor_config.json", "model.safetensors")
    for name in names:
        if not (folder / name).is_file():
            raise FileFormatError(
                f"{folder} has no {name}", "give the whole folder of the model, as transformers saves it"
            )
    return folder / names[0], folder / names[1], folder / names[2]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(files.read_text(path))
    except json.JSONDecodeError as error:
        raise FileFormatError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise FileFormatError(f"{path} holds no JSON object")
    return content
