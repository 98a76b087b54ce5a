"""Training on from the weights of a pipeline."""

import json
from pathlib import Path

import pytest
import torch

from mcbench.cli import main
from mcbench.errors import InputError, MismatchError, WeightsMissingError
from mcbench.model.config import ModelConfig
from mcbench.model.networks import build_networks, temporal_parameter
from mcbench.model.pipeline import AnimationPipeline
from mcbench.model.training import train
from mcbench.model.training.starting import start_networks, weights_sha256
from tests.model.conftest import randomised
from tests.model.training.conftest import QUICK, losses

Weights = dict[str, torch.Tensor]


def _pipeline(config: ModelConfig, *, temporal: bool) -> AnimationPipeline:
    torch.manual_seed(5)
    return AnimationPipeline.from_networks(randomised(build_networks(config, temporal=temporal)), config)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline whose weights are none that a training of seed 0 begins with."""
    folder = tmp_path_factory.mktemp("start")
    _pipeline(ModelConfig.parse(QUICK, "quick"), temporal=True).save_pretrained(folder)
    return folder


def _began(config: ModelConfig, number: int, stage1: Path, start: Path | None) -> Weights:
    return start_networks(config, number, 0, stage1, start)[0].state_dict()


def _other(config: ModelConfig, section: str, **values: object) -> ModelConfig:
    told = config.model_dump(mode="json")
    told[section].update(values)
    return ModelConfig.model_validate(told)


def _same(found: Weights, expected: Weights, *, motion: bool) -> bool:
    names = [name for name in found if temporal_parameter(name) is motion]
    assert names
    return all(torch.equal(found[name], expected[name]) for name in names)


def test_each_stage_begins_with_its_part_of_the_pipeline(
    config: ModelConfig, start: Path, tmp_path: Path, clips: Path
) -> None:
    given = _pipeline(config, temporal=True).networks().state_dict()
    first = _began(config, 1, tmp_path / "stage1", start)
    assert _same(first, given, motion=False)
    assert not _same(_began(config, 1, tmp_path / "stage1", None), given, motion=False)
    train(config, out=tmp_path, stage="1", steps1=1, start=start, clips=clips, workers=0)
    second = _began(config, 2, tmp_path / "stage1", start)
    assert _same(second, given, motion=True)
    assert not _same(second, given, motion=False)
    new = _began(config, 2, tmp_path / "stage1", None)
    assert not _same(new, given, motion=True)
    # A pipeline of single frames has no motion modules: they begin as they always do.
    _pipeline(config, temporal=False).save_pretrained(tmp_path / "single")
    assert _same(_began(config, 2, tmp_path / "stage1", tmp_path / "single"), new, motion=True)


def test_what_it_started_from_is_recorded_and_held_to(
    config: ModelConfig, start: Path, tmp_path: Path, clips: Path
) -> None:
    common = {"clips": clips, "workers": 0, "stage": "1"}
    folder = train(config, out=tmp_path / "out", steps1=1, start=start, **common)
    for path in (tmp_path / "out/stage1/state.json", folder / "training.json"):
        assert json.loads(path.read_text())["start_sha256"] == weights_sha256(start)
    _pipeline(config, temporal=False).save_pretrained(tmp_path / "other")
    for wrong in (None, tmp_path / "other"):
        with pytest.raises(InputError, match="started from other weights") as caught:
            train(config, out=tmp_path / "out", steps1=2, start=wrong, resume=True, **common)
        assert "same --start" in caught.value.hint
    train(config, out=tmp_path / "out", steps1=2, start=start, resume=True, **common)
    assert [step for _, step, _ in losses(tmp_path / "out")] == [1, 2]


@pytest.mark.parametrize(
    ("section", "values", "told"),
    [
        ("network", {"heads": 4}, r"attention_head_dim = 2 instead of 4"),
        ("network", {"motion_heads": 1}, r"motion_num_attention_heads = 2 instead of 1"),
        ("network", {"motion_norm": "frame"}, "FrameNormMotionModel"),
        ("schedule", {"prediction": "v_prediction"}, "prediction_type = sample"),
        ("latents", {"relative_to": "none"}, "latents"),
        ("guiders", {"default_hidden_channels": [4, 4]}, r"guiders\.pose"),
        ("guiders", {"names": ["pose", "flow"]}, r"guiders\.flow"),
    ],
)
def test_other_networks_are_refused_before_a_step(
    config: ModelConfig, start: Path, tmp_path: Path, section: str, values: dict[str, object], told: str
) -> None:
    with pytest.raises(MismatchError, match=told):
        start_networks(_other(config, section, **values), 1, 0, tmp_path, start)


def test_a_guider_may_be_left_out(config: ModelConfig, start: Path, tmp_path: Path) -> None:
    fewer = _other(config, "guiders", names=["pose"])
    given = _pipeline(config, temporal=True).networks().state_dict()
    assert _same(_began(fewer, 1, tmp_path, start), given, motion=False)


def test_a_pipeline_that_is_not_there_is_told(
    config: ModelConfig,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(WeightsMissingError, match="there is no checkpoint"):
        train(config, out=tmp_path, start=tmp_path / "nowhere", workers=0)
    path = tmp_path / "quick.toml"
    path.write_text(QUICK)
    told = ["train", str(path), "--out", str(tmp_path / "out"), "--start", "nowhere", "--workers", "0"]
    monkeypatch.setattr("sys.argv", ["mcbench", *told])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "there is no checkpoint 'nowhere'" in capsys.readouterr().err
