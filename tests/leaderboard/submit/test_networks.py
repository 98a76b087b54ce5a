"""What is said of the networks that a submitted score used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcbench import weights
from mcbench.metrics.networks.registry import weights_in_use
from mcbench.weights.store import folder as weights_folder
from tests.leaderboard.submit.sending import edit, send, verify

OTHER = {"name": "image@embedded", "sha256": "1" * 64}
SHIPPED = weights_in_use("image").model_dump()
UNPROVED = {"name": "lpips-alex", "sha256": "2" * 64}


@pytest.mark.parametrize(
    ("used", "state", "words"),
    [
        ([], "passed", "no network took part"),
        ([SHIPPED], "passed", "1 of 1 networks are known"),
        ([SHIPPED, UNPROVED], "remark", "1 of 2 networks are known to be the files meant (image@embedded)"),
        ([SHIPPED, UNPROVED], "remark", "; nothing on this machine proves lpips-alex"),
        ([OTHER], "remark", "0 of 1 networks are known to be the files meant; nothing"),
    ],
)
def test_what_is_known_of_networks_is_said(
    place: Path, used: list[dict[str, str]], state: str, words: str
) -> None:
    path = send(place)
    edit(path, lambda record: record["score"].update(weights={use["name"]: use for use in used}))
    (check,) = [check for check in verify(place, path).checks if check.name == "weights"]
    assert check.state == state
    assert words in check.detail


@pytest.mark.parametrize(("proof", "state"), [("tensors", "passed"), ("unverified", "remark")])
def test_a_network_that_was_proved_when_it_came_here_is_known(place: Path, proof: Any, state: str) -> None:
    entry = weights.entry("lpips-alex")
    folder = weights_folder(place / "home")
    folder.mkdir(parents=True)
    (folder / entry.file_name).write_bytes(b"x")
    weights.Installed(
        name=entry.name,
        file_name=entry.file_name,
        n_bytes=1,
        sha256=UNPROVED["sha256"],
        proof=proof,
        origin="x",
        origin_sha256="3" * 64,
        added="",
    ).write(folder / "lpips-alex.json")
    path = send(place)
    edit(path, lambda record: record["score"].update(weights={"lpips_alex": UNPROVED}))
    (check,) = [check for check in verify(place, path).checks if check.name == "weights"]
    assert check.state == state
