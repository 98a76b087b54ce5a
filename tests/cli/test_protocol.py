"""`mcbench protocol` as a user types it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from mcbench.cli import app
from mcbench.errors import InputError
from mcbench.scoring import DEFAULT_PROTOCOLS, PROTOCOLS, protocol, protocol_difference


def _type(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["protocol", *arguments])


def test_list_names_every_protocol_and_its_hash() -> None:
    lines = [line.split("\t") for line in _type("list").stdout.splitlines()[2:]]
    assert [line[0] for line in lines] == list(PROTOCOLS)
    assert [line[0] for line in lines if line[2] == "yes"] == list(DEFAULT_PROTOCOLS)
    assert all(protocol(line[0]).sha256.startswith(line[3]) for line in lines)
    read = json.loads(_type("list", "--json").stdout)
    assert {one["name"]: one["sha256"] for one in read} == {
        name: one.sha256 for name, one in PROTOCOLS.items()
    }


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_show_tells_every_setting_at_100_columns(name: str) -> None:
    result = _type("show", name)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert f"settings sha256 {protocol(name).sha256}" in lines
    for metric in protocol(name).metrics:
        assert metric.key in lines
    words = " ".join(result.stdout.split())
    for note in protocol(name).notes:
        assert " ".join(note.split()) in words
    for setting in protocol(name).features:
        assert all(network in words for network in setting.networks.values())


def test_show_as_json_is_the_protocol_itself() -> None:
    read = json.loads(_type("show", "humanvid/1", "--json").stdout)
    assert read.pop("sha256") == protocol("humanvid/1").sha256
    assert read == protocol("humanvid/1").model_dump(mode="json")


def test_diff_has_only_what_differs_side_by_side() -> None:
    result = _type("diff", "disco/2", "mcbench/1")
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["disco/2", "mcbench/1"]
    assert max(map(len, lines)) <= 100
    size = lines.index("  size")
    assert "256x256" in lines[size + 1][:50]
    assert "shorter side 256" in lines[size + 1][50:]
    assert "  intervals" not in lines, "they agree on them"
    read = json.loads(_type("diff", "disco/2", "mcbench/1", "--json").stdout)
    differences = protocol_difference(protocol("disco/2"), protocol("mcbench/1"))
    assert [(one["group"], one["name"]) for one in read] == [(one.group, one.name) for one in differences]


def test_a_protocol_does_not_differ_from_itself() -> None:
    assert "settle everything alike" in _type("diff", "disco/2", "disco/2").stdout
    assert json.loads(_type("diff", "disco/2", "disco/2", "--json").stdout) == []


@pytest.mark.parametrize("arguments", [("show", "disco/1"), ("diff", "disco/2", "disco/1")])
def test_an_unknown_name_gets_a_hint(arguments: tuple[str, ...]) -> None:
    result = _type(*arguments)
    assert isinstance(result.exception, InputError)
    assert "disco/2" in result.exception.hint
