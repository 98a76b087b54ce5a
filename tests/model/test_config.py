from pathlib import Path

import pytest

from mcbench.errors import FileFormatError, InputError
from mcbench.model.config import ModelConfig, configuration_names
from tests.model.conftest import MICRO


def test_shipped_configurations_are_valid() -> None:
    assert "tiny" in configuration_names()
    for name in configuration_names():
        config = ModelConfig.load(name)
        assert config.name == name
        assert config.size[0] % config.grid == 0
        assert config.size[1] % config.grid == 0


def test_the_grid_is_that_of_the_coarsest_features(config: ModelConfig) -> None:
    assert config.grid == 8


def test_a_file_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(MICRO)
    assert ModelConfig.load(str(tmp_path / "own.toml")).name == "micro"


@pytest.mark.parametrize("name", ["none", "missing.toml"])
def test_unknown_names_are_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match=name) as caught:
        ModelConfig.load(name)
    assert "tiny" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("heads = 2\n", "heads = 0\n", "network.heads"),
        ("heads = 2\n", "heeds = 2\n", "network.heeds"),
        ("attention = [false, true]", "attention = [true]", "one entry a level"),
        ('"flow"', '"smell"', "guiders.names"),
        ("[latents]", "[latents", "not TOML"),
    ],
)
def test_mistakes_are_named(old: str, new: str, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        ModelConfig.parse(MICRO.replace(old, new, 1), "own.toml")


def test_a_threshold_wants_a_first_guess() -> None:
    text = MICRO.replace("overlap = 2\n", "overlap = 2\nleast_difference = 20\n")
    assert ModelConfig.parse(text, "own.toml").sampling.least_difference == 20
    without = text.replace("factor = 4\n", 'factor = 4\nrelative_to = "none"\n')
    with pytest.raises(FileFormatError, match="differences to a first guess"):
        ModelConfig.parse(without, "own.toml")
