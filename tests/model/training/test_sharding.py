"""Weights, gradients and moments spread over processes (FSDP)."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcbench.errors import InputError
from mcbench.model.config import ModelConfig
from mcbench.model.training import train
from tests.model.training import sharded_training
from tests.model.training.conftest import QUICK, Changed, losses, weights

_QUICK = QUICK.replace("checkpoint_every = 10", "checkpoint_every = 1").replace("clips = 1", "clips = 2")


def _hashes(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.glob("stage*/*.safetensors"))
    }


def test_sharded_processes_are_as_one_and_resume_exactly(clips: Path, tmp_path: Path) -> None:
    path = tmp_path / "quick.toml"
    path.write_text(_QUICK)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*launch, "-m", sharded_training.__name__, str(path), str(clips), str(tmp_path)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_FSDP": "true"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert len(_hashes(whole)) == 6
    assert _hashes(whole) == _hashes(broken)
    # A state is whole, so one process resumes what two began, and ends where one alone does.
    config = ModelConfig.parse(_QUICK, "quick")
    told = {"steps1": 2, "steps2": 1, "clips": clips, "workers": 0}
    train(config, out=tmp_path / "one", **told)
    for (*_, ours), (*_, theirs) in zip(losses(tmp_path / "one"), losses(whole), strict=True):
        assert theirs == pytest.approx(ours, rel=1e-3)
    ours, theirs = weights(tmp_path / "one", 2), weights(whole, 2)
    assert {name: value.shape for name, value in ours.items()} == {
        name: value.shape for name, value in theirs.items()
    }
    (whole / "stage2/state.json").unlink()
    train(config, out=whole, resume=True, **told)
    assert losses(whole)[-1][2] == pytest.approx(losses(whole)[-2][2], rel=1e-3)


@pytest.mark.parametrize(
    ("variable", "values", "told"),
    [
        ("ACCELERATE_USE_DEEPSPEED", {}, "under DeepSpeed is not supported"),
        ("ACCELERATE_USE_MEGATRON_LM", {}, "under Megatron-LM is not supported"),
        ("ACCELERATE_USE_FSDP", {"optimizer": "adamw8bit"}, "nor with 8-bit moments"),
    ],
)
def test_what_cannot_be_sharded_is_told(
    changed: Changed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    values: dict[str, object],
    told: str,
) -> None:
    monkeypatch.setenv(variable, "true")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match=told) as caught:
        train(changed(**values), out=tmp_path, workers=0)
    assert caught.value.hint
