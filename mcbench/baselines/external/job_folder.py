"""Where jobs live: a new folder each, gone afterwards; the next one removes what a killed process left."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from mcbench import files
from mcbench.baselines.external.containers.left import remove_left
from mcbench.errors import DiskSpaceError, InputError, McbenchError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_IN_USE = "job"
"""What is locked inside a job folder (`files.locked`) for as long as its process lives."""


@contextmanager
def job_folder(method: str, home: Path | None = None) -> Iterator[Path]:
    """Yield a new folder that is gone afterwards, whatever happens.

    Folders of processes that died are removed first: a job's folder is locked while its process lives, and
    locks go with processes.

    Args:
        method: the method's id, which the folder's name starts with.
        home: mcbench's folder.

    Raises:
        DiskSpaceError: the disk is full.
    """
    jobs = files.home(home) / "baselines" / "jobs"
    try:
        with ExitStack() as held:
            with files.locked(jobs):  # nobody takes a new folder for one that was left before it is locked
                jobs.mkdir(exist_ok=True)
                _remove_left(jobs)
                folder = Path(tempfile.mkdtemp(prefix=f"{method}-", dir=jobs))
                held.callback(shutil.rmtree, folder, ignore_errors=True)
                held.enter_context(files.locked(folder / _IN_USE))
            yield folder
    except OSError as error:
        if error.errno in _FULL:
            raise DiskSpaceError(
                f"the disk is full: a job of {method} cannot be written to {jobs}",
                "make room, or choose another disk with --home or MCBENCH_HOME",
            ) from error
        raise


def _remove_left(jobs: Path) -> None:
    """Remove the folders that nobody holds."""
    for folder in jobs.iterdir():
        try:
            with files.locked(folder / _IN_USE, wait=False):
                pass
        except InputError:
            continue  # its process lives
        with suppress(McbenchError):  # without an engine there is no container either
            remove_left(folder)
        shutil.rmtree(folder, ignore_errors=True)
