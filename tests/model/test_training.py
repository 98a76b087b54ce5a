import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mcbench.errors import FileFormatError, InputError, MismatchError
from mcbench.model.config import ModelConfig
from mcbench.model.loading import load_pipeline
from mcbench.model.networks import build_networks, build_scheduler, temporal_parameter
from mcbench.model.training import TrainingDivergedError, loop, train
from mcbench.model.training.batches import augmented, clips_in_use, make_batch
from mcbench.model.training.clips import RUN_FRAMES, SPREAD_FRAMES, ClipStore, render_clip
from mcbench.model.training.export import export_half_precision
from mcbench.model.training.loop import learning_rate
from mcbench.model.training.loss import training_loss
from mcbench.model.training.state import MovingAverage


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of rendered clips that the tests of this file share."""
    return tmp_path_factory.mktemp("clips")


def _weights(out: Path, stage: int) -> dict[str, torch.Tensor]:
    return load_file(out / f"stage{stage}" / "weights.safetensors")


def _losses(out: Path) -> list[tuple[int, int, float]]:
    lines = (out / "log.jsonl").read_text().splitlines()
    return [(each["stage"], each["step"], each["loss"]) for each in map(json.loads, lines)]


def test_ten_and_ten_more_steps_are_twenty(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    training = config.training.model_copy(update={"checkpoint_every": 10})
    config = config.model_copy(update={"training": training})
    longer = {"steps1": 20, "steps2": 2, "clips": clips, "workers": 0}
    train(config, out=tmp_path / "whole", **longer)
    with pytest.MonkeyPatch.context() as patch:
        stopped = loop.training_loss
        calls = []

        def dies(*arguments: object) -> torch.Tensor:
            calls.append(1)
            if len(calls) > 11:
                raise KeyboardInterrupt
            return stopped(*arguments)

        patch.setattr(loop, "training_loss", dies)
        with pytest.raises(KeyboardInterrupt):
            train(config, out=tmp_path / "broken", **longer)
    train(config, out=tmp_path / "broken", resume=True, **longer)
    for stage in (1, 2):
        whole, broken = (_weights(tmp_path / name, stage) for name in ("whole", "broken"))
        assert whole.keys() == broken.keys()
        assert all(torch.equal(whole[name], broken[name]) for name in whole)
    # Step 11 was taken after the last checkpoint, so it was taken again, to the same loss.
    assert sorted(set(_losses(tmp_path / "broken"))) == _losses(tmp_path / "whole")


def test_the_trained_pipeline_loads_and_exports(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    folder = train(config, out=tmp_path / "out", steps1=2, steps2=2, clips=clips, workers=0)
    told = json.loads((folder / "training.json").read_text())
    assert told["stages"]["1"]["steps"] == told["stages"]["2"]["steps"] == 2
    assert told["config"]["name"] == "micro"
    assert told["generator_version"] >= 1
    export_half_precision(folder, tmp_path / "small", config)
    small, whole = load_pipeline(tmp_path / "small"), load_pipeline(folder)
    assert small.denoiser.dtype == torch.float32
    for name, value in whole.denoiser.state_dict().items():
        assert torch.equal(small.denoiser.state_dict()[name], value.half().float()), name
    assert json.loads((tmp_path / "small/denoiser/config.json").read_text()).get("_name_or_path") is None


def test_worker_processes_change_nothing(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    for workers in (0, 1):
        train(config, out=tmp_path / str(workers), stage="1", steps1=2, clips=clips, workers=workers)
    first, second = (_weights(tmp_path / str(workers), 1) for workers in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(
    config: ModelConfig, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    real = loop.training_loss

    def breaks(*arguments: object) -> torch.Tensor:
        calls.append(1)
        return real(*arguments) * (float("nan") if len(calls) == 4 else 1)

    monkeypatch.setattr(loop, "training_loss", breaks)
    with pytest.raises(TrainingDivergedError, match="stage 1 became nan at step 4"):
        train(config, out=tmp_path, clips=clips, workers=0)
    assert json.loads((tmp_path / "stage1/state.json").read_text())["step"] == 2
    assert all(value.isfinite().all() for value in _weights(tmp_path, 1).values())
    assert load_pipeline(tmp_path / "pipeline").size == (48, 32)


def test_stage_two_may_leave_the_spatial_layers_alone(
    config: ModelConfig, clips: Path, tmp_path: Path
) -> None:
    stage2 = config.training.stage2.model_copy(update={"temporal_only": True})
    training = config.training.model_copy(update={"stage2": stage2})
    frozen = config.model_copy(update={"training": training})
    train(frozen, out=tmp_path, steps1=2, steps2=2, clips=clips, workers=0)
    before = load_file(tmp_path / "stage1" / "average.safetensors")
    after = _weights(tmp_path, 2)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert any(
        value.any() for name, value in after.items() if temporal_parameter(name) and "proj_out" in name
    )


def test_a_training_is_not_overwritten_or_mixed(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stage 2 starts from stage 1"):
        train(config, out=tmp_path, stage="2", clips=clips, workers=0)
    train(config, out=tmp_path, stage="1", steps1=2, clips=clips, workers=0)
    with pytest.raises(InputError, match="training of 2 steps") as caught:
        train(config, out=tmp_path, stage="1", clips=clips, workers=0)
    assert "--resume" in caught.value.hint
    with pytest.raises(InputError, match="another configuration or seed"):
        train(config, out=tmp_path, stage="1", seed=1, resume=True, clips=clips, workers=0)
    other = config.model_copy(update={"name": "other"})
    with pytest.raises(InputError, match="another configuration or seed"):
        train(other, out=tmp_path, stage="1", resume=True, clips=clips, workers=0)


def test_damaged_and_foreign_states_are_refused(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    train(config, out=tmp_path, stage="1", steps1=2, clips=clips, workers=0)
    foreign = load_file(tmp_path / "stage1" / "average.safetensors")
    foreign.pop(min(foreign))
    save_file(foreign, tmp_path / "stage1" / "average.safetensors")
    with pytest.raises(MismatchError, match="another configuration"):
        train(config, out=tmp_path, stage="2", steps2=1, clips=clips, workers=0)
    (tmp_path / "stage1" / "weights.safetensors").write_bytes(b"cut short")
    with pytest.raises(FileFormatError, match=r"weights\.safetensors"):
        train(config, out=tmp_path, stage="1", steps1=3, resume=True, clips=clips, workers=0)


def test_batches_depend_on_the_step_alone(config: ModelConfig, clips: Path) -> None:
    store, stage = ClipStore(clips, config.size), config.training.stage1
    first, again, other = (make_batch(config, stage, store, 0, (0, 1, step)) for step in (5, 5, 6))
    assert torch.equal(first.frames, again.frames)
    assert torch.equal(first.guesses, again.guesses)
    assert not torch.equal(first.frames, other.frames)
    assert first.references.shape == (2, 3, 48, 32)
    assert first.frames.shape == (4, 3, 32, 24)
    assert {name: tuple(each.shape) for name, each in first.maps.items()} == {
        name: (4, 8 if name == "appearance" else 3, 32, 24) for name in config.guiders.names
    }
    assert 0 < first.people.mean() <= 1


def test_the_store_gives_back_what_was_rendered(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    rendered, stored = render_clip(1, config.size), ClipStore(clips, config.size).load(1)
    assert np.array_equal(rendered.frames, stored.frames)
    assert len(stored.frames) == SPREAD_FRAMES + RUN_FRAMES
    assert np.array_equal(rendered.poses.keypoints, stored.poses.keypoints)
    store = ClipStore(tmp_path, config.size)
    store.add(1)
    next(tmp_path.glob("*.npz")).write_bytes(b"cut short")
    with pytest.raises(FileFormatError, match="training clip"):
        store.load(1)


def test_mirroring_moves_the_key_points_with_the_picture(config: ModelConfig) -> None:
    clip = render_clip(0, config.size)
    mirrored = next(
        each
        for seed in range(20)
        if not np.array_equal(
            (each := augmented(clip, np.random.default_rng(seed))).poses.keypoints, clip.poses.keypoints
        )
    )
    assert np.array_equal(np.sort(mirrored.frames, axis=-1), np.sort(clip.frames[:, :, ::-1], axis=-1))
    assert np.allclose(mirrored.poses.keypoints[..., 4, 0], 32 - clip.poses.keypoints[..., 7, 0])
    assert np.array_equal(mirrored.poses.visibility[..., 10], clip.poses.visibility[..., 13])


def test_clips_stream_in_with_the_steps(config: ModelConfig) -> None:
    streaming = config.training.model_copy(update={"new_clips_per_step": 0.5})
    changed = config.model_copy(update={"training": streaming})
    assert [clips_in_use(changed, step) for step in (0, 1, 2, 1000)] == [2, 2, 3, 502]


def test_the_learning_rate_rises_and_falls(config: ModelConfig) -> None:
    stage = config.training.stage1.model_copy(update={"warmup_steps": 4})
    rates = [learning_rate(stage, step, 20) for step in range(20)]
    assert rates[0] == pytest.approx(0.25e-3)
    assert max(rates) == rates[4] == pytest.approx(1e-3)
    assert all(a > b for a, b in itertools.pairwise(rates[4:]))
    assert learning_rate(stage, 20, 20) == pytest.approx(1e-4)


@pytest.mark.parametrize("prediction", ["sample", "v_prediction"])
def test_the_loss_falls_on_one_batch(config: ModelConfig, clips: Path, prediction: str) -> None:
    schedule = config.schedule.model_copy(update={"prediction": prediction})
    config = config.model_copy(update={"schedule": schedule})
    torch.manual_seed(0)
    networks, scheduler = build_networks(config, temporal=False), build_scheduler(config)
    batch = make_batch(config, config.training.stage1, ClipStore(clips, config.size), 0, (0,))
    optimizer = torch.optim.AdamW(networks.parameters(), lr=6e-3)

    def loss() -> torch.Tensor:
        return training_loss(networks, scheduler, config, batch, torch.Generator().manual_seed(1))

    before = float(loss().detach())
    for _ in range(12):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert float(loss().detach()) < 0.9 * before


def test_every_parameter_that_matters_gets_a_gradient(config: ModelConfig, clips: Path) -> None:
    torch.manual_seed(0)
    training = config.training.model_copy(update={"drop_reference": 0.0})
    config = config.model_copy(update={"training": training})
    networks = build_networks(config, temporal=False)
    for guider in networks.guiders.children():
        torch.nn.init.normal_(guider.get_parameter("output.weight"), std=0.1)
    batch = make_batch(config, config.training.stage1, ClipStore(clips, config.size), 0, (0,))
    scheduler = build_scheduler(config)
    training_loss(networks, scheduler, config, batch, torch.Generator().manual_seed(1)).backward()
    without = {name for name, each in networks.named_parameters() if each.grad is None}
    # The ReferenceNet is heard only through what its self-attentions write.
    assert without
    assert all(name.startswith("reference_net.") for name in without)
    assert "reference_net.conv_in.weight" not in without
    assert "reference_net.conv_out.weight" in without


def test_a_dropped_reference_is_not_read(config: ModelConfig, clips: Path) -> None:
    training = config.training.model_copy(update={"drop_reference": 0.999999})
    config = config.model_copy(update={"training": training})
    networks = build_networks(config, temporal=False)
    batch = make_batch(config, config.training.stage1, ClipStore(clips, config.size), 0, (0,))
    training_loss(
        networks, build_scheduler(config), config, batch, torch.Generator().manual_seed(1)
    ).backward()
    assert all(each.grad is None for each in networks.reference_net.parameters())


def test_the_average_follows_the_weights() -> None:
    layer = torch.nn.Linear(1, 1)
    average = MovingAverage(layer, 0.9)
    with torch.no_grad():
        layer.weight.fill_(5.0)
    for step in range(1, 200):
        average.update(layer, step)
    assert average.values["weight"].item() == pytest.approx(5.0, abs=1e-3)
