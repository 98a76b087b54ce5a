"""The Frechet distance beside scipy's matrix root, on the same features in one run.

Run it with `python benchmarks/frechet_speed.py`; it takes about a minute, nearly all of it scipy's.

Times are of the processor, on one thread, so that other work on the machine counts little. Both ways get
the same float64 features. Scipy's way is that of the public evaluators: means, D x D
covariances, `sqrtm` of their product, trace. The difference of the two values is printed too; the exact
value is that of the nuclear norm, to 1e-14 (tests/metrics/test_distribution.py has it in 40 digits).
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from collections.abc import Callable

import numpy as np
import scipy.linalg
import torch

from mcbench.metrics import frechet_distance


def features(n: int, d: int, seed: int) -> np.ndarray:
    """Return [n, d] with a spectrum that falls as that of real features does."""
    random = np.random.default_rng(seed)
    return random.normal(size=(n, d)) * 10.0 ** (-1.5 * np.arange(d) / d) + 0.05 * seed


def by_sqrtm(x: np.ndarray, y: np.ndarray) -> float:
    """Return the distance as the public evaluators compute it."""
    s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(s1 @ s2)
    gap = x.mean(axis=0) - y.mean(axis=0)
    return float(gap @ gap + np.trace(s1) + np.trace(s2) - 2.0 * np.trace(root).real)


def timed(
    function: Callable[[np.ndarray, np.ndarray], float], sides: tuple, times: int
) -> tuple[float, float]:
    """Return (processor seconds of the median call, value)."""
    seconds = []
    for _ in range(times):
        start = time.process_time()
        value = function(*sides)
        seconds.append(time.process_time() - start)
    return float(np.median(seconds)), value


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--items", type=int, nargs="*", default=[20, 100, 200, 500, 1000, 4000])
    parser.add_argument("--against", type=int, default=200, help="N at which scipy's root is timed as well")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    print(f"D = {options.dimensions}, {torch.get_num_threads()} thread(s), load {os.getloadavg()[0]:.1f}")
    for n in options.items:
        sides = features(n, options.dimensions, 1), features(n, options.dimensions, 2)
        ours, value = timed(frechet_distance, sides, 20 if n <= 200 else 2)
        print(f"N = {n:>5}: {ours * 1000:>9.2f} ms", end="", flush=True)
        if n == options.against:
            root, theirs = timed(by_sqrtm, sides, 1)
            print(
                f"   sqrtm {root:.1f} s, ratio {root / ours:.0f}, off by {abs(theirs - value) / value:.1e}",
                end="",
            )
        print()


if __name__ == "__main__":
    main()
