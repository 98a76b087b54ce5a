"""Several processes, parts, precisions and optimizers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mcbench.errors import InputError
from mcbench.model.config import ModelConfig
from mcbench.model.training import train
from mcbench.model.training.starting import start_networks
from tests.model.training.conftest import QUICK, Changed, losses, weights


def _far_apart(config: ModelConfig, one: Path, other: Path) -> float:
    """Return how far two trainings are from each other, as a share of how far they came."""
    start = start_networks(config, 1, 0, one)[0].state_dict()
    first, second = weights(one), weights(other)
    names = [name for name in first if first[name].is_floating_point()]
    apart = sum(float((first[name] - second[name]).square().sum()) for name in names)
    came = sum(float((first[name] - start[name]).square().sum()) for name in names)
    assert came > 0
    return (apart / came) ** 0.5


def test_two_processes_are_as_one(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    path = tmp_path / "quick.toml"
    path.write_text(QUICK)
    arguments = ["train", str(path), "--stage", "1", "--steps1", "3", "--workers", "0", "--device", "cpu"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*launch, "-m", "mcbench", *arguments, "--clips", str(clips), "--out", str(tmp_path / "two")],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the trained pipeline is") + done.stdout.count("the trained pipeline is") == 1
    train(config, out=tmp_path / "one", stage="1", steps1=3, clips=clips, workers=0)
    assert [each[:2] for each in losses(tmp_path / "two")] == [(1, 1), (1, 2), (1, 3)]
    for (*_, ours), (*_, theirs) in zip(losses(tmp_path / "one"), losses(tmp_path / "two"), strict=True):
        assert theirs == pytest.approx(ours, rel=1e-3)
    assert _far_apart(config, tmp_path / "one", tmp_path / "two") < 0.02


def test_a_batch_in_parts_is_the_same_batch(
    config: ModelConfig, changed: Changed, clips: Path, tmp_path: Path
) -> None:
    for name, each in (("whole", config), ("parts", changed(accumulation=2))):
        train(each, out=tmp_path / name, stage="1", steps1=3, clips=clips, workers=0)
    for (*_, ours), (*_, theirs) in zip(losses(tmp_path / "whole"), losses(tmp_path / "parts"), strict=True):
        assert theirs == pytest.approx(ours, rel=1e-3)
    assert _far_apart(config, tmp_path / "whole", tmp_path / "parts") < 0.02


def test_a_batch_that_cannot_be_divided_is_refused(changed: Changed, clips: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="clips = 2 of stage 1 cannot be divided") as caught:
        train(changed(accumulation=3), out=tmp_path, stage="1", clips=clips, workers=0)
    assert "multiple of 3" in caught.value.hint


def test_bfloat16_keeps_weights_in_float32(
    config: ModelConfig, changed: Changed, clips: Path, tmp_path: Path
) -> None:
    train(config, out=tmp_path / "no", stage="1", steps1=1, clips=clips, workers=0)
    mixed = changed(precision="bf16", gradient_checkpointing=True)
    train(mixed, out=tmp_path / "bf16", stage="1", steps1=1, clips=clips, workers=0)
    assert all(value.dtype == torch.float32 for value in weights(tmp_path / "bf16").values())
    [(*_, plain)], [(*_, half)] = losses(tmp_path / "no"), losses(tmp_path / "bf16")
    assert half == pytest.approx(plain, rel=0.02)
    assert half != plain


def test_what_the_machine_lacks_is_told(
    changed: Changed, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = {"out": tmp_path, "stage": "1", "clips": clips, "workers": 0}
    with pytest.raises(InputError, match="fp16 needs a GPU"):
        train(changed(precision="fp16"), **common)
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(InputError, match="needs bitsandbytes") as caught:
        train(changed(optimizer="adamw8bit"), **common)
    assert "pip install bitsandbytes" in caught.value.hint
