"""What metric classes refuse, and what they show of themselves: names, examples, documentation."""

from __future__ import annotations

import doctest
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import mcbench.metrics
from mcbench import metrics, weights
from mcbench.errors import InputError, MismatchError, WeightsMissingError
from mcbench.metrics import modules
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

# --- bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_tensors_of_another_kind_are_refused_with_a_hint(kind) -> None:
    metric = make(kind)
    good = some_items(kind, 0, 2)
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
    metric = make(kind)
    with pytest.raises(
        MismatchError, match=r"the prediction is \[2, 40, 44, 3\] and the truth \[3, 40, 44, 3\]"
    ):
        metric.update(some_items(kind, 0, 2), some_items(kind, 0, 3))
    with pytest.raises(InputError, match="has seen no frames"):
        metric.compute()


@pytest.mark.parametrize("kind", [*IMAGE_CLASSES, *CLIP_CLASSES])
def test_sides_without_spread_and_a_failed_update(kind) -> None:
    metric = make(kind)
    with pytest.raises(InputError, match="predictions, truth or both"):
        metric.update()
    metric.update(some_items(kind, 0, 1), some_items(kind, 1, 3))
    with pytest.raises(InputError, match=r"1 feature vector\(s\) of the predictions have no spread"):
        metric.compute()
    with pytest.raises(InputError, match="not finite"):
        metric.update(some_items(kind, 2, 3), torch.full(some_items(kind, 0, 1).shape, torch.inf))
    metric.update(prediction=some_items(kind, 2, 1))
    assert len(metric._seen("prediction")) == 2, "nothing of a refused update is kept"


def test_clips_of_another_length_and_networks_of_another_kind() -> None:
    metric = metrics.FrechetVideoDistance(TinyFeatures("motion", 16, 3))
    with pytest.raises(
        InputError, match=r"must be \[N, 16, height, width, 3\], RGB clips, not \[2, 15, 20, 20, 3\]"
    ):
        metric.update(some_frames(0, 2, 15, 20, 20), None)
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
