"""Item by item on a CPU: the same bits whatever the batch and the number of threads.

A convolution library splits its work by the shape of the batch and the number of threads, and sums in
another order for each split. So every item is computed alone on one intra-op thread, and threads are
used to compute several items at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def item_by_item(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return `work` of each item, each on one intra-op thread and without gradients.

    As many items are computed at once as torch may use threads here (`torch.get_num_threads()`), so a
    caller that has threads of its own sets that to 1 in them.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        return _one_after_another(work, items)
    try:
        if len(items) == 1:
            torch.set_num_threads(1)
            return _one_after_another(work, items)
        workers = min(threads, len(items))
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(torch.inference_mode()(work), items))
    finally:
        # Setting it in a worker also sets what threads of later begin with.
        torch.set_num_threads(threads)


@torch.inference_mode()
def _one_after_another(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [work(item) for item in items]
