"""Specs: shipped ones are whole, and third parties' are found without harm by broken ones."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import numpy as np
import pytest

from mcbench import baselines
from mcbench.baselines.spec import read_spec
from mcbench.errors import FileFormatError, InputError

GOOD = """
id = "mine"
display_name = "mine"
description = "Mine."
kind = "external"
command = ["my-program", "{job}"]
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD + "nonsense = 1\n", "nonsense: Extra inputs"),
        (GOOD.replace("{job}", "{jib}"), "placeholder that is none"),
        (GOOD.replace('"external"', '"builtin"'), "has factory, not command"),
        (GOOD.replace('command = ["my-program", "{job}"]', ""), "driver or command, and this has none"),
        (GOOD + "[status]\nlevel = 'verified'\n", "needs a date and what was tried"),
        (GOOD + "[repository]\nurl = 'x'\ncommit = 'main'\n", "repository.commit"),
        (GOOD.replace('"mine"', '"../mine"', 1), "cannot be used as a name"),
        (GOOD + "[[weights]]\nname='a'\npath='../a'\n", "weights.0"),
        ("id = ", "is no TOML"),
    ],
)
def test_a_wrong_spec_is_told_by_its_field(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(FileFormatError, match=told):
        read_spec(write(tmp_path, text))


def test_specs_in_home_are_found_and_broken_ones_do_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "baselines"
    write(folder, GOOD)
    broken = write(folder, "id = 3", "broken.toml")
    twin = write(folder, GOOD.replace('"mine"', '"warp"', 1), "twin.toml")
    home = tmp_path / "home"
    assert baselines.get("mine", home).command == ("my-program", "{job}")
    assert set(baselines.broken_specs(home)) == {str(broken), str(twin)}
    assert baselines.get("warp", home).kind == "builtin"
    with pytest.raises(InputError, match="there is no model 'mine'"):
        baselines.get("mine")


def test_specs_come_by_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, GOOD)

    class Point:
        def __init__(self, name: str, brought: object) -> None:
            self.name, self.value, self._brought = name, f"package:{name}", brought

        def load(self) -> object:
            if isinstance(self._brought, Exception):
                raise self._brought
            return self._brought

    points = [Point("good", lambda: [path]), Point("bad", ImportError("no torch")), Point("odd", 3)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    assert baselines.get("mine").display_name == "mine"
    broken = baselines.broken_specs()
    assert [place.split(" (")[0] for place in broken] == ["entry point bad", "entry point odd"]


def test_a_method_in_toml_alone_animates(tmp_path: Path) -> None:
    program = "import sys, shutil as s; [s.copy(sys.argv[1], sys.argv[2] + '/%d.png' % i) for i in range(12)]"
    command = json.dumps(["{python}", "-c", program, "{reference}", "{output}"])
    text = GOOD.replace('["my-program", "{job}"]', command)
    path = write(tmp_path, text)
    reference = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    request = baselines.AnimationRequest("clip", reference, None, 12, 25.0, None, 0)
    frames = list(baselines.load(str(path), "cpu", {}).animate(request))
    assert len(frames) == 12
    assert np.array_equal(frames[11], reference)


def test_a_method_that_is_imported_cannot_be_run(tmp_path: Path) -> None:
    text = GOOD.replace('"external"', '"import"').replace('command = ["my-program", "{job}"]', "")
    with pytest.raises(InputError, match="mine cannot be run") as caught:
        baselines.load(str(write(tmp_path, text)), "cpu", {})
    assert "mcbench import mine DIR" in caught.value.hint
