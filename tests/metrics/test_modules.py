"""Metrics as classes: the numbers of the functions, whatever the batches, types and devices."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torchmetrics import MetricCollection

from mcbench import metrics
from mcbench.errors import MismatchError
from mcbench.metrics.resize import resize_float
from tests.metrics.module_kinds import (
    ALL,
    CLIP_CLASSES,
    EIGHT_BIT,
    FRAME_CLASSES,
    IMAGE_CLASSES,
    make,
    some_frames,
    some_items,
)
from tests.scoring.making import TinyFeatures

# --- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FRAME_CLASSES)
def test_a_frame_class_is_the_mean_of_its_function_over_all_frames(kind) -> None:
    a, b = some_frames(0, 7, 20, 24), some_frames(1, 7, 20, 24)
    metric = kind()
    for start, stop in ((0, 1), (1, 6), (6, 7)):
        metric.update(a[start:stop], b[start:stop])
    found = metric.compute()
    assert found.dtype == torch.float64
    expected = FRAME_CLASSES[kind](a.numpy(), b.numpy()).mean()
    assert float(found) == pytest.approx(expected, rel=1e-14)
    metric.reset()
    metric.update(a[None, :2], b[None, :2])  # any leading shape
    assert float(metric.compute()) == pytest.approx(FRAME_CLASSES[kind](a[:2].numpy(), b[:2].numpy()).mean())


def test_lpips_is_the_mean_of_the_networks_distances() -> None:
    metric = make(metrics.LearnedPerceptualSimilarity, input_range="0..1")
    a, b = some_frames(0, 3, 40, 44), some_frames(1, 3, 40, 44)
    metric.update(a[:1], b[:1])
    metric.update(a[1:], b[1:])
    network = metric._source.on(torch.device("cpu"))
    expected = network.distance(a.numpy(), b.numpy(), "0..1").mean()
    assert float(metric.compute()) == pytest.approx(expected, rel=1e-7)
    assert expected != pytest.approx(network.distance(a.numpy(), b.numpy()).mean(), rel=1e-3)


@pytest.mark.parametrize("kind", [*IMAGE_CLASSES, *CLIP_CLASSES])
def test_a_feature_class_is_its_distance_over_resized_items(kind) -> None:
    metric = make(kind, resize="bicubic-antialias")
    prediction, truth = some_items(kind, 0, 6), some_items(kind, 1, 9)
    metric.update(prediction=prediction[:2], truth=truth[:4])
    metric.update(truth=truth[4:])
    metric.update(prediction=prediction[2:])
    network = TinyFeatures("again", metric.clip_length, 3)
    sides = []
    for items in (prediction, truth):
        clips = items if kind in CLIP_CLASSES else items[:, None]
        sides.append(network.features(resize_float(clips.double(), "bicubic-antialias", (16, 12)).float()))
    distance = metrics.kernel_distance if "Kernel" in kind.__name__ else metrics.frechet_distance
    assert float(metric.compute()) == pytest.approx(
        distance(*sides), rel=1e-4
    )  # TinyFeatures rounds by batch
    metric.reset_predictions()
    metric.update(prediction=truth)
    expected = distance(sides[1], sides[1])
    assert float(metric.compute()) == pytest.approx(expected, abs=1e-5)


def test_the_resize_and_the_pairing_are_those_that_were_asked_for() -> None:
    a, b = some_frames(0, 5, 40, 44), some_frames(1, 5, 40, 44)
    found = {}
    for resize in ("bilinear", "bilinear-antialias", "bicubic-antialias"):
        metric = metrics.FrechetInceptionDistance(TinyFeatures("image", 1, 3), resize=resize)
        metric.update(a, b)
        found[resize] = float(metric.compute())
    assert len(set(found.values())) == 3
    paired = metrics.KernelInceptionDistance(TinyFeatures("image", 1, 3), paired=True)
    paired.update(a, a)
    assert float(paired.compute()) == 0.0
    paired.update(prediction=b)
    with pytest.raises(MismatchError, match="10 and 5 feature vectors are not pairs"):
        paired.compute()


@pytest.mark.parametrize("kind", ALL)
def test_equal_sides_read_the_value_of_equality(kind) -> None:
    options = {"paired": True} if "Kernel" in kind.__name__ else {}
    metric = make(kind, **options)
    items = some_items(kind, 5, 3)
    metric.update(items, items)
    best = {"dB": 100.0}.get(metric.unit, 1.0) if metric.higher_is_better else 0.0
    assert float(metric.compute()) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("kind", ALL)
def test_values_stay_in_the_bounds_and_point_the_way_they_say(kind) -> None:
    truth = some_items(kind, 0, 4)
    near = truth.clone()
    near[..., ::2, ::2, :] = near[..., ::2, ::2, :] // 8 * 8
    far = some_items(kind, 1, 4)
    values = []
    for prediction in (near, far):
        metric = make(kind)
        metric.update(prediction, truth)
        values.append(float(metric.compute()))
        assert metric.bounds[0] <= values[-1] <= metric.bounds[1]
    assert metric.is_differentiable is False
    assert metric.full_state_update is False
    assert (values[0] > values[1]) is metric.higher_is_better


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind not in EIGHT_BIT])
def test_floats_on_a_declared_range_give_the_values_of_bytes(kind) -> None:
    a, b = some_items(kind, 0, 3), some_items(kind, 1, 3)
    expected = make(kind)
    expected.update(a, b)
    for value_range in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        metric = make(kind, value_range=value_range)
        low, high = value_range
        sides = [(side.double() / 255.0 * (high - low) + low).clamp(low, high) for side in (a, b)]
        metric.update(*sides)
        assert float(metric.compute()) == pytest.approx(float(expected.compute()), rel=1e-6)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind not in EIGHT_BIT])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_frames_are_computed_in_full(kind, dtype) -> None:
    a, b = (some_items(kind, seed, 3).double().div(255).to(dtype) for seed in (0, 1))
    halves, doubles = make(kind).half(), make(kind)
    halves.to(torch.bfloat16)
    halves.update(a, b)
    doubles.update(a.double(), b.double())
    assert halves.compute().dtype == torch.float64
    assert float(halves.compute()) == pytest.approx(float(doubles.compute()), rel=1e-12)
    for state in halves.metric_state.values():
        parts = state if isinstance(state, list) else [state]
        assert {part.dtype for part in parts} <= {torch.float64, torch.int64, torch.float32}


def test_a_state_is_never_rounded() -> None:
    """Each way of asking a module for half precision; some reach a metric's states and some do not."""
    metric = metrics.MeanAbsoluteError()
    metric.update(torch.full((1, 4, 4, 3), 0.1, dtype=torch.float64), torch.zeros(1, 4, 4, 3))
    for lowered in (metric.half(), metric.bfloat16(), metric.to(torch.half), metric.to("cpu", torch.half)):
        assert float(lowered.compute()) == pytest.approx(0.1, rel=1e-15)
    metric.set_dtype(torch.half)
    metric.update(torch.full((1, 4, 4, 3), 0.2, dtype=torch.float64), torch.zeros(1, 4, 4, 3))
    assert float(metric.compute()) == pytest.approx(0.15, rel=1e-15)
    assert metric.to("meta")._sum is not None
    assert metric.metric_state[metric._sum].device.type == "meta"


def test_many_small_terms_are_not_lost() -> None:
    metric = metrics.MeanAbsoluteError()
    white, black = torch.ones(1, 1, 1, 3), torch.zeros(1, 1, 1, 3)
    metric.update(white, black)
    tiny = torch.full((1, 1, 1, 3), 1e-9, dtype=torch.float64)
    for _ in range(200):
        metric.update(tiny, black)
    assert float(metric.compute()) == pytest.approx((1 + 200e-9) / 201, rel=1e-14)


def test_gradients_are_no_matter() -> None:
    a = some_frames(0, 2, 20, 20).double().div(255).requires_grad_()
    metric = metrics.PeakSignalNoiseRatio()
    metric.update(a, torch.zeros_like(a))
    assert not metric.compute().requires_grad


# --- life in a training loop ------------------------------------------------------------------------


def test_calling_a_metric_gives_the_batch_and_keeps_the_whole() -> None:
    a, b = some_frames(0, 6, 20, 24), some_frames(1, 6, 20, 24)
    mean = metrics.PeakSignalNoiseRatio()
    distance = metrics.FrechetInceptionDistance(TinyFeatures("image", 1, 3))
    for part in (slice(0, 4), slice(4, 6)):
        assert float(mean(a[part], b[part])) == pytest.approx(
            metrics.psnr(a[part].numpy(), b[part].numpy()).mean()
        )
        distance(a[part], b[part])
    assert float(mean.compute()) == pytest.approx(metrics.psnr(a.numpy(), b.numpy()).mean())
    whole = metrics.FrechetInceptionDistance(TinyFeatures("image", 1, 3))
    whole.update(a, b)
    assert float(distance.compute()) == pytest.approx(float(whole.compute()), rel=1e-9)


def test_a_collection_never_takes_two_metrics_for_one() -> None:
    same, other = some_frames(0, 2, 40, 40), some_frames(1, 2, 40, 40)
    made = {
        "l1": metrics.MeanAbsoluteError(), "disco": metrics.L1PerPixel(),
        "free": metrics.PeakSignalNoiseRatio(),
        "capped": metrics.PeakSignalNoiseRatio(cap=5.0, identical=5.0),
        "free100": metrics.PeakSignalNoiseRatio(cap=100.0), "wrapped": metrics.PeakSignalNoiseRatioUint8(),
        "rgb": metrics.StructuralSimilarity(), "gray": metrics.StructuralSimilarityGray(),
        "lpips": make(metrics.LearnedPerceptualSimilarity),
    }  # fmt: skip
    alone = {name: copy.deepcopy(metric) for name, metric in made.items()}
    together = MetricCollection(made)
    for side in (same, other):  # on equal frames many of them agree
        together.update(side, same)
        for metric in alone.values():
            metric.update(side, same)
    found = together.compute()
    for name, metric in alone.items():
        assert float(found[name]) == pytest.approx(float(metric.compute()), rel=1e-12), name


def test_a_collection_runs_one_network_once_for_two_distances() -> None:
    network = TinyFeatures("image", 1, 3)
    together = MetricCollection(
        {"fid": metrics.FrechetInceptionDistance(network), "kid": metrics.KernelInceptionDistance(network)}
    )
    a, b = some_frames(0, 8, 20, 24), some_frames(1, 8, 20, 24)
    together.update(a[:4], b[:4])
    first = len(together["fid"]._source.on(torch.device("cpu")).seen)
    together.update(a[4:], b[4:])
    whole = metrics.KernelInceptionDistance(TinyFeatures("image", 1, 3))
    whole.update(a, b)
    assert float(together.compute()["kid"]) == pytest.approx(float(whole.compute()), rel=1e-9)
    assert len(network.seen) == first + 2


def test_a_metric_is_no_part_of_a_checkpoint_and_survives_pickling() -> None:
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 2)
            self.fvd = metrics.FrechetVideoDistance("motion")

    model = Model()
    assert list(model.state_dict()) == ["layer.weight", "layer.bias"]
    assert len(list(model.parameters())) == 2
    clips = some_frames(0, 2, 16, 20, 20)
    model.fvd.update(clips, clips.flip(1))
    expected = float(model.fvd.compute())
    assert float(pickle.loads(pickle.dumps(model.fvd)).compute()) == expected  # noqa: S301
    assert float(model.half().fvd.compute()) == expected


def test_a_named_network_is_loaded_where_the_metric_is() -> None:
    metric = metrics.FrechetInceptionDistance("image")
    loaded: list[str] = []
    original = metric._source._load
    metric._source._load = lambda device: (loaded.append(device), original("cpu"))[1]
    metric._source.on(torch.device("cpu"))
    assert loaded == []
    metric._source.on(torch.device("meta"))
    metric._source.on(torch.device("meta"))
    assert loaded == ["meta"]
