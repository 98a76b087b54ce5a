"""The embedded networks as they are shipped: files, loading, features."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import safetensors
import torch
from safetensors.torch import load_file, save_file

from mcbench.errors import FileFormatError, InputError, MismatchError, WeightsMissingError
from mcbench.files import sha256_file
from mcbench.metrics.networks.contract import FeatureNetwork
from mcbench.metrics.networks.embedded import EmbeddedName, embedded_weights, load_embedded
from mcbench.metrics.networks.embedded.train import WEIGHTS_VERSION

NAMES: tuple[EmbeddedName, ...] = get_args(EmbeddedName)
SHAPES = {"image": (1, 168, 120), "clip": (16, 84, 60), "motion": (16, 84, 60)}
# Other bytes are other numbers in every table: raise WEIGHTS_VERSION, tell it in docs/embedded-networks.md.
SHA256 = {
    "image": "ae89656464444476c148b09612e4422d66ed52fefbf16d4854d418c302bdc250",
    "clip": "ea4d557225553423cbaae8eb46f6ea838234cc09ca0ecbee95b97b4f35ae960f",
    "motion": "c3b72feff2c95c51c7e4da6becdfc3df18774943bff559e1c06632a1f60a2c3f",
}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def networks() -> dict[str, FeatureNetwork]:
    return {name: load_embedded(name) for name in NAMES}


def pattern(name: str, items: int = 5) -> torch.Tensor:
    """Clips of drifting stripes, by integer arithmetic."""
    frames, height, width = SHAPES[name]
    b, t, y, x, c = np.ogrid[:items, :frames, :height, :width, :3]
    return torch.from_numpy(
        ((y * (b + 1) + 3 * x + 5 * t * (c + 1) + x * y // (7 + b)) % 256).astype(np.uint8)
    )


@pytest.mark.parametrize("name", NAMES)
def test_shipped_weights_are_the_recorded_ones(name: EmbeddedName) -> None:
    assert sha256_file(embedded_weights(name)) == SHA256[name]


def test_shipped_weights_are_small() -> None:
    assert sum(embedded_weights(name).stat().st_size for name in NAMES) <= 6_000_000


@pytest.mark.parametrize("name", NAMES)
def test_weights_tell_how_they_were_trained(name: EmbeddedName) -> None:
    with safetensors.safe_open(embedded_weights(name), framework="pt") as archive:
        metadata = archive.metadata()
    assert metadata["network"] == name
    assert metadata["version"] == str(WEIGHTS_VERSION)
    assert {"architecture", "generator", "training_clips", "steps", "batch_size", "seed", "date"} <= set(
        metadata
    )


@pytest.mark.parametrize("name", NAMES)
def test_shapes(name: EmbeddedName, networks: dict[str, FeatureNetwork]) -> None:
    network = networks[name]
    assert (network.name, network.dimensions) == (name, 64)
    assert (network.clip_length, *network.input_size) == SHAPES[name]
    features = network.features(pattern(name))
    assert features.shape == (5, 64)
    assert features.dtype == torch.float32
    assert not features.requires_grad
    assert bool(torch.isfinite(features).all())


@pytest.mark.parametrize("name", NAMES)
def test_an_item_does_not_see_its_batch(name: EmbeddedName, networks: dict[str, FeatureNetwork]) -> None:
    batch = pattern(name)
    together = networks[name].features(batch)
    alone = torch.cat([networks[name].features(item[None]) for item in batch])
    backwards = networks[name].features(batch.flip(0)).flip(0)
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(together, backwards, rtol=1e-5, atol=1e-5)
    assert float((together[0] - together[1]).abs().max()) > 0.05


@pytest.mark.parametrize("name", NAMES)
def test_same_features_from_every_loading_and_dtype(
    name: EmbeddedName, networks: dict[str, FeatureNetwork]
) -> None:
    batch = pattern(name, 2)
    first = networks[name].features(batch)
    again = load_embedded(name, "cpu").features(batch.double())
    assert torch.equal(first, again)


@pytest.mark.parametrize("name", ["clip", "motion"])
def test_order_in_time_matters(name: EmbeddedName, networks: dict[str, FeatureNetwork]) -> None:
    batch = pattern(name, 1)
    forwards, backwards = networks[name].features(batch), networks[name].features(batch.flip(1))
    assert float((forwards - backwards).norm()) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_other_shapes_are_refused(name: EmbeddedName, networks: dict[str, FeatureNetwork]) -> None:
    batch = pattern(name, 1)
    for wrong in (batch[0], batch[..., :-1, :, :], batch[..., :2], batch.repeat(1, 2, 1, 1, 1)):
        with pytest.raises(MismatchError, match=name):
            networks[name].features(wrong)


def test_unknown_name() -> None:
    with pytest.raises(InputError, match=r"no embedded network 'inception'\n.*image, clip, motion"):
        load_embedded("inception")  # type: ignore[arg-type]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"image\.safetensors"):
        load_embedded("image", path=tmp_path / "image.safetensors")


def test_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(embedded_weights("image").read_bytes()[:100_000])
    with pytest.raises(FileFormatError, match=r"cut\.safetensors"):
        load_embedded("image", path=path)


def test_weights_of_another_network() -> None:
    with pytest.raises(FileFormatError, match="holds the network clip"):
        load_embedded("motion", path=embedded_weights("clip"))


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    source = embedded_weights("image")
    with safetensors.safe_open(source, framework="pt") as archive:
        metadata = archive.metadata()
    tensors = load_file(source)
    del tensors["whitening"]
    save_file(tensors, tmp_path / "lacking.safetensors", metadata)
    with pytest.raises(FileFormatError, match="whitening"):
        load_embedded("image", path=tmp_path / "lacking.safetensors")


def test_file_without_metadata(tmp_path: Path) -> None:
    save_file(load_file(embedded_weights("image")), tmp_path / "bare.safetensors")
    with pytest.raises(FileFormatError, match="holds the network None"):
        load_embedded("image", path=tmp_path / "bare.safetensors")
