"""Depth Anything through the real loading code, with tiny seeded weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from mcbench.errors import FileFormatError, InputError, WeightsMissingError
from mcbench.estimators import depth
from mcbench.estimators.depth import depth_identity, load_depth


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Depth Anything model as transformers saves it."""
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, DPTImageProcessor

    config = DepthAnythingConfig(
        backbone_config={
            "model_type": "dinov2",
            "hidden_size": 8,
            "num_hidden_layers": 4,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
            "out_indices": [1, 2, 3, 4],
            "reshape_hidden_states": False,
        },
        reassemble_hidden_size=8,
        neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=4,
        patch_size=14,
    )
    torch.manual_seed(0)
    network = DepthAnythingForDepthEstimation(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.3)
        network.head.conv3.bias.fill_(5.0)
    folder = tmp_path_factory.mktemp("models") / "tiny-depth"
    network.save_pretrained(folder)
    DPTImageProcessor(
        size={"height": 56, "width": 56}, keep_aspect_ratio=True, ensure_multiple_of=14, do_pad=False,
        resample=3, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225],
    ).save_pretrained(folder)  # fmt: skip
    return folder


def picture(height: int = 60, width: int = 84) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_folder_gives_what_transformers_own_pipeline_gives(model_folder: Path) -> None:
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    frame = picture()
    found = load_depth(str(model_folder)).nearness(frame)
    assert found.shape == (60, 84)
    assert found.dtype == np.float32
    assert np.ptp(found) > 0
    processor = AutoImageProcessor.from_pretrained(model_folder, local_files_only=True)
    network = AutoModelForDepthEstimation.from_pretrained(model_folder, local_files_only=True).eval()
    inputs = processor(images=torch.from_numpy(frame).permute(2, 0, 1), return_tensors="pt")
    with torch.inference_mode():
        raw = network(**inputs)
    expected = processor.post_process_depth_estimation(raw, target_sizes=[(60, 84)])[0]["predicted_depth"]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-5)


def test_the_catalogues_config_is_of_the_published_size() -> None:
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation

    with torch.device("meta"):
        network = DepthAnythingForDepthEstimation(DepthAnythingConfig.from_dict(depth._CONFIG))
    # The published file is 99.2 MB of float32, of which a few kB are names.
    assert 99.1e6 < 4 * sum(parameter.numel() for parameter in network.parameters()) < 99.2e6


def test_a_folder_is_known_by_its_name_and_its_files(model_folder: Path) -> None:
    identity = depth_identity(str(model_folder))
    assert identity.name == "tiny-depth"
    assert [use.name for use in identity.weights] == [
        "config.json",
        "preprocessor_config.json",
        "model.safetensors",
    ]


def test_weights_that_are_not_here_say_how_to_get_them() -> None:
    with pytest.raises(WeightsMissingError) as caught:
        load_depth("depth-anything-v2-small")
    assert "mcbench weights fetch depth-anything-v2-small" in caught.value.hint


def copied(source: Path, target: Path) -> Path:
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_neither_a_name_nor_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="midas"):
        depth_identity("midas")
    with pytest.raises(InputError, match="no estimator"):
        depth_identity(str(tmp_path))


def test_a_folder_without_weights(model_folder: Path, tmp_path: Path) -> None:
    folder = copied(model_folder, tmp_path / "model")
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileFormatError, match=r"no model\.safetensors"):
        load_depth(str(folder))


@pytest.mark.parametrize("change", ["remove", "add", "reshape"])
def test_weights_that_do_not_fit(model_folder: Path, tmp_path: Path, change: str) -> None:
    folder = copied(model_folder, tmp_path / "model")
    state = load_file(str(folder / "model.safetensors"))
    name = "head.conv2.weight"
    if change == "remove":
        del state[name]
    elif change == "add":
        state["head.conv9.weight"] = torch.zeros(2)
    else:
        state[name] = torch.zeros(1, 1, 1, 1)
    save_file(state, str(folder / "model.safetensors"))
    with pytest.raises(FileFormatError, match="does not fit its config"):
        load_depth(str(folder))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [("model_type", "dpt", "dpt"), ("depth_estimation_type", "metric", "metric")],
)
def test_models_of_another_kind(model_folder: Path, tmp_path: Path, key: str, value: str, told: str) -> None:
    folder = copied(model_folder, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(FileFormatError, match=told):
        load_depth(str(folder))


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_config_that_is_no_json_object(model_folder: Path, tmp_path: Path, text: str) -> None:
    folder = copied(model_folder, tmp_path / "model")
    (folder / "config.json").write_text(text)
    with pytest.raises(FileFormatError, match="JSON"):
        load_depth(str(folder))
