"""`mcbench baselines` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mcbench.cli import app
from mcbench.errors import DataMissingError, InputError, McbenchError

SPEC = """
id = "mine"
display_name = "mine"
description = "Mine."
kind = "external"
inputs = ["densepose"]
driver = "absent.py"

[environment]
python = "3.11"
requirements = ["somebody==1.0"]

[[environment.changes]]
package = "somebody"
pinned = "0.1"
runs = "1.0"
why = "no wheel"

[[sources]]
field = "native.size"
place = "paper, section 4"
"""


def _type(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["baselines", *(str(argument) for argument in arguments)])


def _error(result: Result) -> McbenchError:
    assert isinstance(result.exception, McbenchError), result.output
    return result.exception


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "baselines"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(SPEC, encoding="utf-8")
    (folder / "broken.toml").write_text("id = 3", encoding="utf-8")
    return tmp_path / "home"


def test_list_tells_what_is_here_and_what_cannot_be_used(home: Path) -> None:
    result = _type("list", "--home", home)
    assert result.exit_code == 0
    lines = {line.split("\t")[0]: line for line in result.output.splitlines()}
    assert "not installed" in lines["mine"]
    assert "\tverified\t" in lines["warp"]
    assert "broken.toml" in result.output
    listed = {each["id"]: each for each in json.loads(_type("list", "--json").stdout)}
    assert listed["warp"]["inputs"] == ["poses"]
    assert listed["warp"]["here"] == "yes"


def test_show_tells_settings_and_where_they_are_stated(home: Path) -> None:
    shown = _type("show", "mine", "--home", home).output
    assert "0.1 -> 1.0: no wheel" in shown
    assert "paper, section 4" in shown
    assert (
        json.loads(_type("show", "mine", "--home", home, "--json").stdout)["environment"]["python"] == "3.11"
    )
    assert "did you mean warp" in _error(_type("show", "warpp")).hint


def test_what_needs_no_installing_says_so(home: Path) -> None:
    assert "needs no environment" in _type("install", "warp", "--home", home).output
    assert "nothing of warp was installed" in _type("remove", "warp", "--home", home).output
    assert "no such builder" in _error(_type("install", "mine", "--with", "magic", "--home", home)).message


def test_a_method_that_is_not_installed_fails_the_check_with_the_command(home: Path) -> None:
    result = _type("check", "mine", "--device", "cpu", "--home", home, "--json")
    assert result.exit_code == 1
    first = json.loads(result.stdout)["points"][0]
    assert first["state"] == "FAILS"
    assert first["detail"].endswith("mcbench baselines install mine")


def test_run_and_import_tell_errors_of_their_own(home: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["run", "--model", "mine", "--split", "local/none", "--home", str(home)])
    assert isinstance(_error(run), DataMissingError | InputError)
    words = ["import", "gen-9", str(tmp_path), "--split", "local/none", "--resample", "colour"]
    assert "only fps and size" in _error(CliRunner().invoke(app, words)).message
