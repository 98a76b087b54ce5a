"""The same function over many typed jobs, in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

KILLED = "a worker process was killed, perhaps for lack of memory; try --workers 1"
"""What to say of a job that ended so."""

Job = TypeVar("Job")
Result = TypeVar("Result")


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_each(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int,
    when_killed: Callable[[Job], Result],
) -> Iterator[Result]:
    """Yield `function(job)` of every job, in the order in which they end.

    Args:
        function: a module-level function that does not raise for what may go wrong with a job.
        jobs: what to call it with.
        workers: processes; with 1 everything happens in this one.
        when_killed: gives the result of a job whose process was killed, for instance for lack of memory.
    """
    if workers == 1 or len(jobs) < 2:
        yield from map(function, jobs)
        return
    executor = ProcessPoolExecutor(
        min(workers, len(jobs)), mp_context=multiprocessing.get_context("spawn"), initializer=_set_up_worker
    )
    try:
        running: dict[Future[Result], Job] = {executor.submit(function, job): job for job in jobs}
        for future in as_completed(running):
            try:
                yield future.result()
            except BrokenProcessPool:
                yield when_killed(running[future])
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _set_up_worker() -> None:
    # Ctrl-C reaches the workers too: they should end without a traceback each.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when the process that started it is gone, even if that was killed outright."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
