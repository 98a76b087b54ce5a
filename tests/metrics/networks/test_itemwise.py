"""An item's value is the same to the last bit whatever the batch and the number of threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from mcbench.metrics.networks.contract import FeatureNetwork
from mcbench.metrics.networks.itemwise import item_by_item
from tests.metrics.networks.seeded import load_by_name, random_batch, seeded_lpips

FILES = {"inception": "inception_file", "resnet50-kinetics": "resnet_file", "i3d": "i3d_file"}


@pytest.fixture(params=["image", "clip", "motion", *FILES])
def network(request: pytest.FixtureRequest) -> FeatureNetwork:
    file = request.getfixturevalue(FILES[request.param]) if request.param in FILES else None
    return load_by_name(request.param, file)


def test_features_do_not_depend_on_batch_or_threads(network: FeatureNetwork) -> None:
    batch = random_batch(network, 3)
    expected = network.features(batch)
    torch.set_num_threads(3)
    assert torch.equal(network.features(batch[[2, 0]]), expected[[2, 0]])
    assert torch.equal(network.features(batch[1:2]), expected[1:2])
    assert torch.get_num_threads() == 3
    assert float((expected[0] - expected[1]).abs().max()) > 1e-3
    assert network.backend == "torch-fp32"


def test_features_do_not_depend_on_dtype_or_memory(inception_file: Path) -> None:
    network = load_by_name("inception", inception_file)
    batch = random_batch(network, 1)
    expected = network.features(batch)
    planes_first = batch.permute(0, 4, 1, 2, 3).contiguous().permute(0, 2, 3, 4, 1)
    assert torch.equal(network.features(planes_first.double()), expected)


@pytest.mark.parametrize("trunk", ["alex", "vgg"])
def test_lpips_does_not_depend_on_batch_or_threads(trunk) -> None:
    network = seeded_lpips(trunk)
    a, b = np.random.default_rng(0).integers(0, 256, (2, 3, 96, 80, 3), dtype=np.uint8)
    values, maps = network.distance(a, b), network.spatial(a, b)
    torch.set_num_threads(3)
    np.testing.assert_array_equal(network.distance(a[[2, 0]], b[[2, 0]]), values[[2, 0]])
    np.testing.assert_array_equal(network.distance(a[1:2], b[1:2]), values[1:2])
    np.testing.assert_array_equal(network.spatial(a[1:], b[1:]), maps[1:])
    assert len(set(values)) == 3


def test_many_threads_at_once() -> None:
    network, lpips = load_by_name("clip", None), seeded_lpips("alex")
    batch = random_batch(network, 6)
    frames = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8))
    expected, distances = network.features(batch), lpips.distance(frames, frames.flip(0))

    def one(place: int) -> tuple[torch.Tensor, np.ndarray]:
        torch.set_num_threads(1)
        pair = frames[place : place + 1], frames.flip(0)[place : place + 1]
        return network.features(batch[place : place + 1]), lpips.distance(*pair)

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(one, list(range(6)) * 3))
    for place, (features, distance) in zip(list(range(6)) * 3, found, strict=True):
        assert torch.equal(features[0], expected[place])
        assert distance[0] == distances[place]


def test_items_run_on_one_thread_each_and_side_by_side() -> None:
    torch.set_num_threads(3)
    together = threading.Barrier(3, timeout=30)

    def work(item: int) -> tuple[int, int, bool]:
        together.wait()  # passes only if three items run at once
        return item, torch.get_num_threads(), torch.is_inference_mode_enabled()

    assert item_by_item(work, [5, 3, 4]) == [(5, 1, True), (3, 1, True), (4, 1, True)]
    assert torch.get_num_threads() == 3
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 3


@pytest.mark.parametrize("items", [[1], [1, 2, 3]])
def test_a_failure_leaves_the_number_of_threads_alone(items: list[int]) -> None:
    torch.set_num_threads(2)

    def work(item: int) -> int:
        raise RuntimeError(f"item {item}")

    with pytest.raises(RuntimeError, match="item 1"):
        item_by_item(work, items)
    assert torch.get_num_threads() == 2
