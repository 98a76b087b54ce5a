"""How progress looks, on a terminal and off it."""

from __future__ import annotations

import io
import re
import sys

import pytest

from mcbench.cli import console


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("label", "expected"),
    [("fetching a.zip (MiB)", "2.5 MiB/s"), ("preparing own", "2.5/s"), ("fetching (files)", "2.5 files/s")],
)
def test_a_speed_has_the_unit_of_its_stage(label: str, expected: str) -> None:
    assert console.rate(label, 2.5) == expected


def test_a_download_tells_its_speed_and_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress() as progress:
        progress.start("fetching a.zip (MiB)", 8)
        for _ in range(8):
            progress.advance()
        progress.start("preparing own", 1)
        progress.advance()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "fetching a.zip (MiB): 8 to do"
    assert [line.partition(",")[0] for line in lines[1:5]] == [
        f"fetching a.zip (MiB): {done} of 8" for done in (2, 4, 6, 8)
    ]
    assert all(re.search(r", [\d.]+ MiB/s, \d+ s left$", line) for line in lines[1:5])
    assert lines[4].endswith(", 0 s left")
    assert lines[5:] == ["preparing own: 1 to do", "preparing own: 1 of 1"]


def test_a_terminal_shows_the_speed_beside_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "160")
    with console.progress() as progress:
        progress.start("fetching [a.zip] (MiB)", 40)
        for _ in range(40):
            progress.advance()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert "fetching [a.zip] (MiB)" in plain
    assert re.search(r"40/40 [\d.]+ MiB/s", plain)


def test_words_beside_a_stage_go_along_with_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def train() -> None:
        with console.progress() as progress:
            progress.start("Training", 4)
            for step in range(4):
                progress.note(f"loss [{step}]")
                progress.advance()
            progress.start("after", 1)
            progress.advance()

    train()
    told = [f"Training: {step + 1} of 4, loss [{step}]" for step in range(4)]
    assert capsys.readouterr().err.splitlines()[1:] == [*told, "after: 1 to do", "after: 1 of 1"]
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "160")
    train()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert re.search(r"Training .*4/4 .* left 0:00:00 loss \[3\]", plain)
