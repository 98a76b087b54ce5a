"""The command line as a shell meets it: real processes, exit codes, what goes to which stream."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mcbench


def _mcbench(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mcbench", *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


def test_version() -> None:
    done = _mcbench("--version")
    assert (done.returncode, done.stdout) == (0, f"mcbench {mcbench.__version__}\n")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['mcbench', '--help']\n"
        "from mcbench.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'pandas', 'numpy', 'cv2', 'diffusers', 'pydantic'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("HEAVY []\n")


COMMANDS = [
    ["data", "list"], ["data", "prepare"], ["data", "verify"], ["data", "status"], ["run"], ["score"],
    ["compare"], ["leaderboard"], ["demo"], ["train"], ["weights", "list"], ["weights", "fetch"],
    ["weights", "add"], ["weights", "verify"], ["doctor"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    from typer.main import get_command

    from mcbench.cli import app

    found = get_command(app)
    for name in command:
        found = found.commands[name]  # type: ignore[attr-defined]
    assert found.help
    assert f"Example: mcbench {' '.join(command)}" in " ".join(found.help.split())


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["run", "--model", "wrap", "--split", "multi-character"], "no model 'wrap'", "did you mean warp"),
        (["run", "--model", "warp", "--split", "multi-caracter"], "multi-caracter", "multi-character"),
        (
            ["run", "--model", "warp", "--split", "multi-character", "--size", "640"],
            "'640' is no size",
            "896x640",
        ),
        (["run", "--model", "warp", "--split", "local/nothing"], "local/nothing", "mcbench data prepare"),
        (["score", "absent"], "absent", "mcbench run"),
        (["compare", "absent", "missing"], "absent", ""),
        (["weights", "fetch", "nonsense"], "nonsense", ""),
        (["leaderboard", "--results", "absent"], "absent", "mcbench"),
    ],
)
def test_mistakes_exit_with_2_a_message_a_hint_and_no_traceback(
    arguments: list[str], error: str, hint: str, tmp_path: Path
) -> None:
    done = _mcbench(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert error in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
