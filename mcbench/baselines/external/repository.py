"""The authors' code: a clone at the pinned commit, and a look at whether it still is that before it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from mcbench.baselines.external.programs import disk_was_full, last_lines, run_program
from mcbench.baselines.external.variables import variables
from mcbench.baselines.spec import Repository
from mcbench.errors import DataMissingError, DiskSpaceError, InputError, MismatchError, NetworkError

_MINUTES = 60.0
_CODE = frozenset({".py", ".pyd", ".so", ".dll", ".sh", ".pth"})
"""Endings of files that would run, and are not to appear beside the commit's own."""
_SETTINGS = (
    "-c", f"core.hooksPath={os.devnull}", "-c", "advice.detachedHead=false", "-c", "core.fsmonitor=false",
    "-c", "init.defaultBranch=main", "-c", "core.autocrlf=false",
)  # fmt: skip
_WITHOUT_QUESTIONS = {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "GIT_ASKPASS": ""}


def clone(repository: Repository, target: Path, source: Path | None, log: Path, offline: bool) -> None:
    """Check the pinned commit out into `target`, from its address or from a clone on this machine.

    Args:
        repository: of the spec.
        target: a folder that does not exist.
        source: a local clone (or bare repository) to take the commit from; None for the network.
        log: where git's output goes.
        offline: forbid the network.

    Raises:
        InputError: there is no git, or `source` is no repository or lacks the commit.
        DiskSpaceError: the disk is full.
        NetworkError: offline, or the commit cannot be fetched; the message has git's last lines.
    """
    if shutil.which("git") is None:
        raise InputError("there is no git on this machine", "install git, and run the same again")
    if source is not None:
        _check_holds(source, repository.commit)
        _git(["clone", "--no-checkout", "--local", str(source.absolute()), str(target)], target.parent, log)
    elif offline:
        raise NetworkError(
            f"{repository.url} has to be cloned, and mcbench is offline",
            "give a clone that you have: --repository PATH",
        )
    else:
        _git(["init", "--quiet", str(target)], target.parent, log)
        _git(["fetch", "--depth", "1", repository.url, repository.commit], target, log)
    if repository.leave_out:
        patterns = ["/*", *(f"!{path}" for path in repository.leave_out)]
        _git(["sparse-checkout", "set", "--no-cone", *patterns], target, log)
    _git(["checkout", "--quiet", "--detach", repository.commit], target, log)
    # git ends well even where a partial clone lacks files.
    check_unchanged(repository, target, "give a whole clone, or name large files in the spec's leave_out")


def check_unchanged(repository: Repository, folder: Path, again: str) -> None:
    """Make sure that a clone holds the code of the pinned commit and no other.

    Args:
        repository: of the spec.
        folder: the clone.
        again: the command that makes it anew.

    Raises:
        DataMissingError: the clone is gone.
        MismatchError: it is at another commit, files were changed, or code was added.
    """
    if not (folder / ".git").exists():
        raise DataMissingError(f"the clone {folder} is gone", again)
    head = _asked(folder, "rev-parse", "HEAD").strip()
    if head != repository.commit:
        raise MismatchError(f"{folder} is at commit {head}, not {repository.commit}", again)
    changed = _asked(folder, "status", "--porcelain", "--untracked-files=no").splitlines()
    others = _asked(folder, "ls-files", "--others").splitlines()
    added = [name for name in others if Path(name).suffix.lower() in _CODE]
    if changed or added:
        which = changed[0][3:] if changed else added[0]
        raise MismatchError(
            f"{folder} holds other code than commit {repository.commit}: {which} was changed or added", again
        )


def _check_holds(source: Path, commit: str) -> None:
    if not source.is_dir():
        raise InputError(f"--repository: there is no folder {source}")
    found = _run(source, "cat-file", "-e", f"{commit}^{{commit}}")
    if found.returncode:
        told = found.stderr.strip().splitlines()
        raise InputError(
            f"{source} is no git repository that holds commit {commit}{': ' + told[-1] if told else ''}",
            "give a clone of the spec's repository that has the pinned commit: --repository PATH",
        )


def _git(arguments: list[str], cwd: Path, log: Path) -> None:
    words = ["git", *_SETTINGS, *arguments]
    outcome = run_program(
        words, cwd=cwd, environment=variables(_WITHOUT_QUESTIONS), log=log, minutes=_MINUTES
    )
    if outcome.code and disk_was_full(log):
        raise DiskSpaceError(
            f"the disk was full: git {arguments[0]} could not write to {cwd}",
            "make room, or choose another disk with --home or MCBENCH_HOME",
        )
    if outcome.code:
        raise NetworkError(
            f"git {arguments[0]} failed: {' | '.join(last_lines(log, 5)) or f'exit code {outcome.code}'}",
            "is the network there, and the repository's address right? Or give a clone: --repository PATH",
        )


def _asked(folder: Path, *arguments: str) -> str:
    found = _run(folder, *arguments)
    if found.returncode:
        raise DataMissingError(f"git cannot read the clone {folder}: {found.stderr.strip()[-300:]}")
    return found.stdout


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = ["git", *_SETTINGS, "-C", str(folder), *arguments]
    return subprocess.run(
        words, capture_output=True, text=True, check=False, env=variables(_WITHOUT_QUESTIONS)
    )
