"""Metrics as classes: the numbers of the functions, whatever the batches, types and devices; bad input."""

from __future__ import annotations

import copy
import doctest
import functools
import io
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics import MetricCollection

import mcbench.metrics
from mcbench import metrics, weights
from mcbench.errors import InputError, MismatchError, WeightsMissingError
from mcbench.metrics import modules
from mcbench.metrics.networks.lpips import LpipsNetwork
from mcbench.metrics.resize import resize_float
from mcbench.records import WeightsUse
from tests.scoring.making import TinyFeatures, random_lpips

FRAME_CLASSES = {
    metrics.MeanAbsoluteError: metrics.mae,
    metrics.L1PerPixel: metrics.l1_per_pixel,
    metrics.PeakSignalNoiseRatio: metrics.psnr,
    metrics.PeakSignalNoiseRatioUint8: metrics.psnr_uint8,
    metrics.StructuralSimilarity: lambda a, b: metrics.ssim_gaussian(a, b, data_range=255.0),
    metrics.StructuralSimilarityGray: metrics.ssim_gray_uniform,
}
EIGHT_BIT = (metrics.PeakSignalNoiseRatioUint8, metrics.StructuralSimilarityGray)
IMAGE_CLASSES = (metrics.FrechetInceptionDistance, metrics.KernelInceptionDistance)
CLIP_CLASSES = (
    metrics.FrechetVideoResNetDistance, metrics.FrechetVideoDistance, metrics.KernelVideoDistance,
)  # fmt: skip
ALL = (*FRAME_CLASSES, metrics.LearnedPerceptualSimilarity, *IMAGE_CLASSES, *CLIP_CLASSES)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _frames(seed: int, *shape: int) -> torch.Tensor:
    return torch.randint(
        0, 256, (*shape, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8
    )


@functools.cache
def _lpips() -> LpipsNetwork:
    return LpipsNetwork("alex", WeightsUse(name="x", sha256="0" * 64), random_lpips(), "cpu")


def _make(kind: type, **options: object):
    if kind is metrics.LearnedPerceptualSimilarity:
        return kind(network=_lpips(), **options)
    if kind in IMAGE_CLASSES:
        return kind(network=TinyFeatures("image", 1, 3), **options)
    if kind in CLIP_CLASSES:
        return kind(network=TinyFeatures("motion", 16, 3), **options)
    return kind(**options)


def _items(kind: type, seed: int, count: int) -> torch.Tensor:
    return _frames(seed, count, 16, 20, 18) if kind in CLIP_CLASSES else _frames(seed, count, 40, 44)


# --- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FRAME_CLASSES)
def test_a_frame_class_is_the_mean_of_its_function_over_all_frames(kind) -> None:
    a, b = _frames(0, 7, 20, 24), _frames(1, 7, 20, 24)
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
    metric = _make(metrics.LearnedPerceptualSimilarity, input_range="0..1")
    a, b = _frames(0, 3, 40, 44), _frames(1, 3, 40, 44)
    metric.update(a[:1], b[:1])
    metric.update(a[1:], b[1:])
    network = metric._source.on(torch.device("cpu"))
    expected = network.distance(a.numpy(), b.numpy(), "0..1").mean()
    assert float(metric.compute()) == pytest.approx(expected, rel=1e-7)
    assert expected != pytest.approx(network.distance(a.numpy(), b.numpy()).mean(), rel=1e-3)


@pytest.mark.parametrize("kind", [*IMAGE_CLASSES, *CLIP_CLASSES])
def test_a_feature_class_is_its_distance_over_resized_items(kind) -> None:
    metric = _make(kind, resize="bicubic-antialias")
    prediction, truth = _items(kind, 0, 6), _items(kind, 1, 9)
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
    a, b = _frames(0, 5, 40, 44), _frames(1, 5, 40, 44)
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
    metric = _make(kind, **options)
    items = _items(kind, 5, 3)
    metric.update(items, items)
    best = {"dB": 100.0}.get(metric.unit, 1.0) if metric.higher_is_better else 0.0
    assert float(metric.compute()) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("kind", ALL)
def test_values_stay_in_the_bounds_and_point_the_way_they_say(kind) -> None:
    truth = _items(kind, 0, 4)
    near = truth.clone()
    near[..., ::2, ::2, :] = near[..., ::2, ::2, :] // 8 * 8
    far = _items(kind, 1, 4)
    values = []
    for prediction in (near, far):
        metric = _make(kind)
        metric.update(prediction, truth)
        values.append(float(metric.compute()))
        assert metric.bounds[0] <= values[-1] <= metric.bounds[1]
    assert metric.is_differentiable is False
    assert metric.full_state_update is False
    assert (values[0] > values[1]) is metric.higher_is_better


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind not in EIGHT_BIT])
def test_floats_on_a_declared_range_give_the_values_of_bytes(kind) -> None:
    a, b = _items(kind, 0, 3), _items(kind, 1, 3)
    expected = _make(kind)
    expected.update(a, b)
    for value_range in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        metric = _make(kind, value_range=value_range)
        low, high = value_range
        sides = [(side.double() / 255.0 * (high - low) + low).clamp(low, high) for side in (a, b)]
        metric.update(*sides)
        assert float(metric.compute()) == pytest.approx(float(expected.compute()), rel=1e-6)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind not in EIGHT_BIT])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_frames_are_computed_in_full(kind, dtype) -> None:
    a, b = (_items(kind, seed, 3).double().div(255).to(dtype) for seed in (0, 1))
    halves, doubles = _make(kind).half(), _make(kind)
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
    a = _frames(0, 2, 20, 20).double().div(255).requires_grad_()
    metric = metrics.PeakSignalNoiseRatio()
    metric.update(a, torch.zeros_like(a))
    assert not metric.compute().requires_grad


# --- life in a training loop ------------------------------------------------------------------------


def test_calling_a_metric_gives_the_batch_and_keeps_the_whole() -> None:
    a, b = _frames(0, 6, 20, 24), _frames(1, 6, 20, 24)
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
    same, other = _frames(0, 2, 40, 40), _frames(1, 2, 40, 40)
    made = {
        "l1": metrics.MeanAbsoluteError(), "disco": metrics.L1PerPixel(),
        "free": metrics.PeakSignalNoiseRatio(),
        "capped": metrics.PeakSignalNoiseRatio(cap=5.0, identical=5.0),
        "free100": metrics.PeakSignalNoiseRatio(cap=100.0), "wrapped": metrics.PeakSignalNoiseRatioUint8(),
        "rgb": metrics.StructuralSimilarity(), "gray": metrics.StructuralSimilarityGray(),
        "lpips": _make(metrics.LearnedPerceptualSimilarity),
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
    a, b = _frames(0, 8, 20, 24), _frames(1, 8, 20, 24)
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
    clips = _frames(0, 2, 16, 20, 20)
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


# --- bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_tensors_of_another_kind_are_refused_with_a_hint(kind) -> None:
    metric = _make(kind)
    good = _items(kind, 0, 2)
    with pytest.raises(InputError, match=r"channels last: tensor\.movedim\(-3, -1\)"):
        metric.update(good.movedim(-1, -3), good.movedim(-1, -3))
    with pytest.raises(InputError, match="must be a tensor, not ndarray"):
        metric.update(good.numpy(), good.numpy())
    with pytest.raises(InputError, match="int64"):
        metric.update(good.long(), good.long())
    with pytest.raises(InputError, match=r"must be .*RGB"):
        metric.update(good[..., :2], good[..., :2])
    with pytest.raises(InputError, match=r"not \[0, "):
        metric.update(good[:0], good[:0])
    if kind in EIGHT_BIT:
        with pytest.raises(InputError, match=r"must be uint8, not torch\.float16.*\n.*round"):
            metric.update(good.half(), good.half())
        return
    with pytest.raises(InputError, match="the prediction has values from 0 to 255, outside the range 0 to 1"):
        metric.update(good.float(), good.float())
    bad = good.float() / 255
    bad[..., 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match="the truth holds values that are not finite"):
        metric.update(good.float() / 255, bad)
    with pytest.raises(InputError, match="not finite"):
        metric.update(bad / 0.0, good)


@pytest.mark.parametrize("kind", [*FRAME_CLASSES, metrics.LearnedPerceptualSimilarity])
def test_frames_that_do_not_pair_and_no_frames_at_all(kind) -> None:
    metric = _make(kind)
    with pytest.raises(
        MismatchError, match=r"the prediction is \[2, 40, 44, 3\] and the truth \[3, 40, 44, 3\]"
    ):
        metric.update(_items(kind, 0, 2), _items(kind, 0, 3))
    with pytest.raises(InputError, match="has seen no frames"):
        metric.compute()


@pytest.mark.parametrize("kind", [*IMAGE_CLASSES, *CLIP_CLASSES])
def test_sides_without_spread_and_a_failed_update(kind) -> None:
    metric = _make(kind)
    with pytest.raises(InputError, match="predictions, truth or both"):
        metric.update()
    metric.update(_items(kind, 0, 1), _items(kind, 1, 3))
    with pytest.raises(InputError, match=r"1 feature vector\(s\) of the predictions have no spread"):
        metric.compute()
    with pytest.raises(InputError, match="not finite"):
        metric.update(_items(kind, 2, 3), torch.full(_items(kind, 0, 1).shape, torch.inf))
    metric.update(prediction=_items(kind, 2, 1))
    assert len(metric._seen("prediction")) == 2, "nothing of a refused update is kept"


def test_clips_of_another_length_and_networks_of_another_kind() -> None:
    metric = metrics.FrechetVideoDistance(TinyFeatures("motion", 16, 3))
    with pytest.raises(
        InputError, match=r"must be \[N, 16, height, width, 3\], RGB clips, not \[2, 15, 20, 20, 3\]"
    ):
        metric.update(_frames(0, 2, 15, 20, 20), None)
    with pytest.raises(InputError, match=r"a network over clips, and image takes items of 1 frame"):
        metrics.FrechetVideoDistance("image")
    with pytest.raises(InputError, match="needs a network over images"):
        metrics.KernelInceptionDistance("motion")
    with pytest.raises(InputError, match="no metric network is called 'inceptoin'"):
        metrics.FrechetInceptionDistance("inceptoin")
    with pytest.raises(InputError, match="no floating-point resize is called 'lanczos'"):
        metrics.FrechetInceptionDistance("image", resize="lanczos")


@pytest.mark.parametrize("value_range", [(1.0, 0.0), (0.0, 0.0), (0.0, float("nan")), (0.0, float("inf"))])
def test_impossible_ranges(value_range) -> None:
    with pytest.raises(InputError, match="black below white"):
        metrics.MeanAbsoluteError(value_range=value_range)


@pytest.mark.parametrize("kind", [metrics.LearnedPerceptualSimilarity, *IMAGE_CLASSES, *CLIP_CLASSES])
def test_a_missing_network_is_told_when_the_metric_is_made(kind) -> None:
    with pytest.raises(WeightsMissingError, match="mcbench weights"):
        kind()


# --- the public face --------------------------------------------------------------------------------


def test_importing_the_room_imports_nothing_heavy_and_every_name_is_there() -> None:
    code = (
        "import sys, mcbench.metrics as m\n"
        "print(sorted({'torch', 'torchmetrics', 'numpy', 'cv2', 'lpips'} & set(sys.modules)))\n"
        "from mcbench.metrics import psnr\n"
        "print('torchmetrics' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nFalse\n"
    assert dir(mcbench.metrics) == sorted(mcbench.metrics.__all__)
    assert all(getattr(mcbench.metrics, name) is not None for name in mcbench.metrics.__all__)
    assert set(modules.__all__) <= set(mcbench.metrics.__all__)
    assert {kind.__name__ for kind in ALL} == set(modules.__all__)
    with pytest.raises(AttributeError, match="no attribute 'fid'"):
        _ = mcbench.metrics.fid
    with pytest.raises(ImportError):
        from mcbench.metrics import fvd  # noqa: F401


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not metrics.LearnedPerceptualSimilarity])
def test_the_example_of_a_class_runs(kind) -> None:
    _run_example(kind)


@pytest.mark.shared
def test_the_example_of_lpips_runs(shared: Path) -> None:
    weights.add("lpips-alex", shared / "weights" / "lpips" / "alexnet_features_torchvision.pth")
    _run_example(metrics.LearnedPerceptualSimilarity)


def _run_example(kind: type) -> None:
    (example,) = (test for test in doctest.DocTestFinder(recurse=False).find(kind) if test.examples)
    told = io.StringIO()
    failed, tried = doctest.DocTestRunner().run(example, out=told.write)
    assert tried >= 4
    assert failed == 0, told.getvalue()


@pytest.mark.parametrize("kind", ALL)
def test_a_class_says_what_it_is(kind) -> None:
    text = " ".join((kind.__doc__ or "").split())
    for word in ("Args:", "Shapes:", "Source:", "Function", "Example:"):
        assert word in text, word
    assert isinstance(kind.higher_is_better, bool)
    assert isinstance(kind.unit, str)
    assert kind.bounds[0] < kind.bounds[1]
    assert np.isnan(kind.bounds).sum() == 0


def test_the_code_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[2] / "docs" / "library.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    exec(code, {})  # noqa: S102
    assert re.fullmatch(r"\d+\.\d dB, FVD@embedded \d+\.\d+\n", capsys.readouterr().out)
    for name in modules.__all__:
        assert f"`{name}`" in page.read_text(encoding="utf-8"), name
