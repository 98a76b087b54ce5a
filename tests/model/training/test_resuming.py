"""Going on where a training stood, and refusing to where it would be another one."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mcbench.errors import FileFormatError, InputError, MismatchError
from mcbench.model.config import ModelConfig
from mcbench.model.loading import load_pipeline
from mcbench.model.networks import temporal_parameter
from mcbench.model.training import TrainingDivergedError, train
from mcbench.model.training.export import export_half_precision
from mcbench.model.training.loss import LossModule
from mcbench.model.training.state import MovingAverage
from tests.model.training.conftest import Changed, losses, weights


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _stop_after(steps: int, patch: pytest.MonkeyPatch) -> None:
    real, calls = LossModule.forward, []

    def dies(self: LossModule, *arguments: object) -> torch.Tensor:
        calls.append(1)
        if len(calls) > steps:
            raise KeyboardInterrupt
        return real(self, *arguments)

    patch.setattr(LossModule, "forward", dies)


def test_ten_and_ten_more_steps_are_twenty(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    longer = {"steps1": 20, "steps2": 2, "clips": clips}
    train(config, out=tmp_path / "whole", workers=0, **longer)
    with pytest.MonkeyPatch.context() as patch:
        _stop_after(11, patch)
        with pytest.raises(KeyboardInterrupt):
            train(config, out=tmp_path / "broken", workers=0, **longer)
    # It goes on with another number of worker processes.
    train(config, out=tmp_path / "broken", resume=True, workers=1, **longer)
    for stage in (1, 2):
        for name in ("weights", "average", "optimizer"):
            path = Path(f"stage{stage}", f"{name}.safetensors")
            assert _hash(tmp_path / "whole" / path) == _hash(tmp_path / "broken" / path), path
    # Step 11 was taken after the last checkpoint, so it was taken again, to the same loss.
    assert sorted(set(losses(tmp_path / "broken"))) == losses(tmp_path / "whole")
    assert len(losses(tmp_path / "whole")) == 22


def test_every_checkpoint_says_what_made_it(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    folder = train(config, out=tmp_path, steps1=2, steps2=1, clips=clips, workers=0)
    told = json.loads((folder / "training.json").read_text())
    state = json.loads((tmp_path / "stage1/state.json").read_text())
    assert told["stages"]["1"]["steps"] == 2
    assert told["stages"]["2"]["steps"] == 1
    for record in (told, state):
        assert record["config"] == config.model_dump(mode="json")
        assert record["seed"] == 0
        assert record["data"].startswith("generated")
        assert "git_commit" in record["environment"]
    export_half_precision(folder, tmp_path / "small", config)
    small, whole = load_pipeline(tmp_path / "small"), load_pipeline(folder)
    assert small.denoiser.dtype == torch.float32
    for name, value in whole.denoiser.state_dict().items():
        assert torch.equal(small.denoiser.state_dict()[name], value.half().float()), name
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".bin", ".pt", ".pth", ".pkl")]


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(
    changed: Changed, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    real = LossModule.forward

    def breaks(self: LossModule, *arguments: object) -> torch.Tensor:
        calls.append(1)
        return real(self, *arguments) * (float("nan") if len(calls) == 4 else 1)

    monkeypatch.setattr(LossModule, "forward", breaks)
    with pytest.raises(TrainingDivergedError, match="stage 1 became nan at step 4") as caught:
        train(changed(checkpoint_every=2), out=tmp_path, clips=clips, workers=0)
    assert "stage1" in caught.value.hint
    assert json.loads((tmp_path / "stage1/state.json").read_text())["step"] == 2
    assert all(value.isfinite().all() for value in weights(tmp_path).values())
    assert load_pipeline(tmp_path / "pipeline").size == (48, 32)


def test_stage_two_may_leave_the_spatial_layers_alone(changed: Changed, clips: Path, tmp_path: Path) -> None:
    train(changed("stage2", temporal_only=True), out=tmp_path, steps1=2, clips=clips, workers=0)
    before = load_file(tmp_path / "stage1" / "average.safetensors")
    after = weights(tmp_path, 2)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert any(
        value.any() for name, value in after.items() if temporal_parameter(name) and "proj_out" in name
    )


def test_a_training_is_not_overwritten_or_mixed(
    config: ModelConfig, changed: Changed, clips: Path, tmp_path: Path
) -> None:
    common = {"out": tmp_path, "clips": clips, "workers": 0}
    with pytest.raises(InputError, match="stage 2 starts from stage 1"):
        train(config, stage="2", **common)
    train(config, stage="1", steps1=1, **common)
    with pytest.raises(InputError, match="training of 1 steps") as caught:
        train(config, stage="1", **common)
    assert "--resume" in caught.value.hint
    with pytest.raises(InputError, match="another configuration or seed"):
        train(config, stage="1", seed=1, resume=True, **common)
    with pytest.raises(InputError, match="another configuration or seed"):
        train(changed(noise_offset=0.1), stage="1", resume=True, **common)
    state = json.loads((tmp_path / "stage1/state.json").read_text())
    (tmp_path / "stage1/state.json").write_text(json.dumps(state | {"data": "tiktok, 0123"}))
    with pytest.raises(InputError, match="other clips: tiktok, 0123"):
        train(config, stage="1", resume=True, **common)


def test_damaged_and_foreign_states_are_refused(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    train(config, out=tmp_path, stage="1", steps1=1, clips=clips, workers=0)
    foreign = load_file(tmp_path / "stage1" / "average.safetensors")
    foreign.pop(min(foreign))
    save_file(foreign, tmp_path / "stage1" / "average.safetensors")
    with pytest.raises(MismatchError, match="another configuration"):
        train(config, out=tmp_path, stage="2", steps2=1, clips=clips, workers=0)
    (tmp_path / "stage1" / "weights.safetensors").write_bytes(b"cut short")
    with pytest.raises(FileFormatError, match=r"weights\.safetensors"):
        train(config, out=tmp_path, stage="1", steps1=3, resume=True, clips=clips, workers=0)


def test_the_average_follows_the_weights() -> None:
    layer = torch.nn.Linear(1, 1)
    average = MovingAverage(layer, 0.9)
    with torch.no_grad():
        layer.weight.fill_(5.0)
    for step in range(1, 200):
        average.update(layer, step)
    assert average.values["weight"].item() == pytest.approx(5.0, abs=1e-3)
