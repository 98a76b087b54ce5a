"""What names stand for: BENCHMARK, BENCHMARK/SUBSET, local/NAME and paths of manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcbench.data.manifest import split_path
from mcbench.data.places import resolve
from mcbench.errors import InputError

MINE = """
id = "mine"
title = "Mine"
default_source = "one"

[sources.one]
kind = "files"
networks = "reference"
[sources.one.subsets.train]
[sources.one.subsets.test]

[sources.two]
kind = "files"
networks = "reference"
[sources.two.subsets.default]
[sources.two.subsets.extra]

[sources.three]
kind = "files"
networks = "reference"
[sources.three.subsets.default]
[sources.three.subsets.test]
[sources.three.subsets.own]
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "home" / "manifests").mkdir(parents=True)
    path = tmp_path / "home" / "manifests" / "mine.toml"
    path.write_text(MINE)
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("mine/test", None, ("one", "test")),
        ("mine/extra", None, ("two", "extra")),
        ("mine/own", None, ("three", "own")),
        ("mine", "two", ("two", "default")),
        ("mine/default", "three", ("three", "default")),
        ("tiktok/disco-10", None, ("disco", "disco-10")),
        ("tiktok/last-40", None, ("release", "last-40")),
        ("ted-talks", None, ("youtube", "default")),
    ],
)
def test_names_of_splits(mine: Path, name: str, source: str | None, expected: tuple[str, str]) -> None:
    target = resolve(name, source=source, home=mine)
    assert (target.source_name, target.subset_name) == expected
    assert target.benchmark == name.split("/")[0]


@pytest.mark.parametrize(
    ("name", "source", "complaint", "hint"),
    [
        ("mine", None, "none that stands for it", "train, test, default (source two)"),
        (
            "tiktok",
            None,
            "none that stands for it",
            "all, 335-340, 335-339, last-40, random-40, disco-10 (source disco)",
        ),
        ("mine/default", None, "source one of mine has no subset 'default'", "train, test"),
        ("mine/none", None, "source one of mine has no subset 'none'", "train, test"),
        ("mine/extra", "one", "source one of mine has no subset 'extra'", "extra (source two)"),
        ("mine", "four", "has no source 'four'", "one, three, two"),
        ("mine/a/b", None, "names no split", "BENCHMARK/SUBSET"),
        ("local", None, "names no split", "local/NAME"),
    ],
)
def test_names_of_nothing(mine: Path, name: str, source: str | None, complaint: str, hint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        resolve(name, source=source, home=mine)
    assert hint in caught.value.hint


def test_paths_of_manifests_and_their_subsets(mine: Path, tmp_path: Path) -> None:
    path = mine / "manifests" / "mine.toml"
    target = resolve(f"{path}/test", home=tmp_path)
    assert (target.benchmark, target.source_name, target.subset_name) == ("mine", "one", "test")
    assert target.name == "mine/test"
    assert target.command() == f"mcbench data prepare {path}/test --from DIR"
    assert resolve("mine/test", home=mine).command() == "mcbench data prepare mine/test --from DIR"
    with pytest.raises(InputError, match="none that stands for it") as caught:
        resolve(str(path), home=tmp_path)
    assert f"for instance {path}/train" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mine", None),
        ("mine/test", None),
        ("mine.toml", ("mine.toml", None)),
        ("a/b.json", ("a/b.json", None)),
        ("a/b.json/test", ("a/b.json", "test")),
        ("./mine.toml/335-340", ("./mine.toml", "335-340")),
        ("odd.toml/mine.toml", ("odd.toml/mine.toml", None)),
    ],
)
def test_what_is_a_path(name: str, expected: tuple[str, str | None] | None) -> None:
    assert split_path(name) == expected
