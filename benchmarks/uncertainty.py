"""How far intervals, tests and warnings keep what they promise, by simulation, and what they cost.

Run it with `python benchmarks/uncertainty.py`; `--repeats 40` is quicker and coarser, `--speed` times the
distances of 4,000 items of 2,048 dimensions instead. docs/statistics.md has the figures.

A made-up video has a place of its own among features (as a person and a scene have) and items about it. A
method's predictions are the truth plus errors, some of which all items of a video share.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from mcbench.metrics.distribution import frechet_distance, kernel_distance
from mcbench.metrics.distribution.subsets import FrechetSubsets, KernelSubsets
from mcbench.metrics.statistics import (
    bootstrap_interval,
    deal,
    jackknife_interval,
    paired_jackknife,
    reading_of_equals,
    sign_flip_test,
)

DIMENSIONS, ITEMS = 64, 4
SPREAD = np.sqrt(np.arange(1, DIMENSIONS + 1) ** -1.37)
VIDEOS = (4, 6, 10, 20, 40)
REFERENCE_SPREAD = np.sqrt(14.6 * np.arange(1, 401) ** -1.37)


def truth_of(random: np.random.Generator, n_videos: int) -> np.ndarray:
    """Return [V, items, D]."""
    places = random.normal(size=(n_videos, 1, DIMENSIONS))
    return SPREAD * (places + 0.5 * random.normal(size=(n_videos, ITEMS, DIMENSIONS)))


def predicted(random: np.random.Generator, truth: np.ndarray, error: float) -> np.ndarray:
    shared = random.normal(size=(len(truth), 1, DIMENSIONS))
    own = random.normal(size=truth.shape)
    return 0.9 * truth + error * SPREAD * (0.8 * shared + 0.6 * own)


def distances(kind: str, prediction: np.ndarray, truth: np.ndarray) -> tuple[float, list[float]]:
    """Return a distance and its replicates."""
    subsets = (
        FrechetSubsets(list(prediction), list(truth))
        if kind == "frechet"
        else KernelSubsets(list(prediction), list(truth), paired=True)
    )
    groups = deal([f"{place}" for place in range(len(truth))], 20, 0)
    return subsets.whole(), [subsets.without(group) for group in groups]


def means(repeats: int) -> None:
    print("95 % bootstrap interval of a mean over videos: how often it holds the true mean")
    print("videos   normal   skewed (lognormal)")
    for n_videos in (*VIDEOS, 100):
        random = np.random.default_rng(n_videos)
        hits = np.zeros(2)
        for _ in range(4 * repeats):
            for which, values in enumerate(
                (random.normal(0, 1, n_videos), random.lognormal(0, 0.8, n_videos) - np.exp(0.32))
            ):
                low, high = bootstrap_interval(values, np.ones(n_videos)) or (0.0, 0.0)
                hits[which] += low <= 0 <= high
        print(f"{n_videos:6d} {hits[0] / (4 * repeats):8.3f} {hits[1] / (4 * repeats):8.3f}", flush=True)


def coverage(repeats: int) -> None:
    print("95 % jackknife interval of a distance: how often it holds the mean over draws of as many videos,")
    print("and the distance of very many (5,000) videos")
    print("videos  frechet: mean  its aim   of many   kernel: mean  its aim   of many")
    random = np.random.default_rng(0)
    many = truth_of(random, 5000)
    sides = [side.reshape(-1, DIMENSIONS) for side in (predicted(random, many, 0.5), many)]
    limits = {"frechet": frechet_distance(*sides), "kernel": kernel_distance(*sides, paired=True)}
    print(f"  many {limits['frechet']:14.4f} {limits['kernel']:33.5f}")
    for n_videos in VIDEOS:
        cells = []
        for kind, limit in limits.items():
            found = []
            for _ in range(repeats):
                truth = truth_of(random, n_videos)
                value, replicates = distances(kind, predicted(random, truth, 0.5), truth)
                found.append((value, *jackknife_interval(value, replicates)))
            table = np.array(found)
            held = [
                ((table[:, 1] <= aim) & (aim <= table[:, 2])).mean() for aim in (table[:, 0].mean(), limit)
            ]
            cells.append(f"{table[:, 0].mean():13.4f} {held[0]:8.3f} {held[1]:9.3f}")
        print(f"{n_videos:6d} {'  '.join(cells)}", flush=True)


def levels(repeats: int) -> None:
    print("Two methods: how often the paired test calls them different at 5 %")
    print("videos  sign-flip: alike  apart   frechet: alike  apart   kernel: alike  apart")
    random = np.random.default_rng(1)
    for n_videos in VIDEOS:
        calls = np.zeros((3, 2))
        for _ in range(repeats):
            truth = truth_of(random, n_videos)
            for which, errors in enumerate(((0.5, 0.5), (0.5, 0.65))):
                both = [predicted(random, truth, error) for error in errors]
                squared = [np.square(side - truth).sum(axis=2).mean(axis=1) for side in both]
                calls[0, which] += sign_flip_test(squared[0] - squared[1]) <= 0.05
                for row, kind in enumerate(("frechet", "kernel"), 1):
                    (one, ones), (other, others) = (distances(kind, side, truth) for side in both)
                    p = paired_jackknife(one, other, ones, others).p
                    calls[row, which] += p is not None and p <= 0.05
        rates = calls / repeats
        print(
            f"{n_videos:6d} {rates[0, 0]:17.3f} {rates[0, 1]:6.3f} {rates[1, 0]:16.3f} {rates[1, 1]:6.3f} "
            f"{rates[2, 0]:15.3f} {rates[2, 1]:6.3f}",
            flush=True,
        )


def bias() -> None:
    print(
        "Equal distributions, D = 400, one item a video: what they read, and what halves and quarters foresee"
    )
    print("videos     read  foreseen   noise floor")
    random = np.random.default_rng(2)
    for n_videos in (10, 20, 50, 200, 1000):
        read, foreseen, floors = [], [], []
        for _ in range(20 if n_videos < 500 else 4):
            x, y = random.normal(size=(2, n_videos, 1, 400)) * REFERENCE_SPREAD
            subsets, order = FrechetSubsets(list(x), list(y)), list(range(n_videos))
            parts = [order[place::4] for place in range(4)]
            half = subsets.between(order[::2], order[1::2])
            quarter = (subsets.between(*parts[:2]) + subsets.between(*parts[2:])) / 2
            read.append(subsets.whole())
            floors.append(half)
            foreseen.append(reading_of_equals(half, quarter))
        print(
            f"{n_videos:6d} {np.mean(read):8.2f} {np.mean(foreseen):9.2f} {np.mean(floors):13.2f}", flush=True
        )


def speed() -> None:
    """Time 20 groups left out of 20 videos of 200 items, D = 2048, on one thread."""
    torch.set_num_threads(1)
    random = np.random.RandomState(0)
    basis = np.linalg.qr(random.randn(2048, 2048))[0] * np.arange(1, 2049) ** -0.5
    truth = [(random.randn(2048) + 0.5 * random.randn(200, 2048)) @ basis.T for _ in range(20)]
    prediction = [video + 0.3 * random.randn(200, 2048) @ basis.T for video in truth]
    start = time.process_time()
    x, y = np.concatenate(prediction[1:]), np.concatenate(truth[1:])
    frechet_distance(x, y)
    frechet = time.process_time() - start
    start = time.process_time()
    kernel_distance(x, y, paired=True)
    kernel = time.process_time() - start
    start = time.process_time()
    frechet_distance(np.concatenate(truth[:10]), np.concatenate(truth[10:]))
    half = time.process_time() - start
    print(f"one distance after another: frechet {21 * frechet + 5 * half:.0f} s, kernel {21 * kernel:.0f} s")
    for name, kind in (("frechet", FrechetSubsets), ("kernel", KernelSubsets)):
        start = time.process_time()
        subsets = kind(prediction, truth)
        subsets.whole()
        print(f"{name}: whole {time.process_time() - start:.1f} s", end="", flush=True)
        for place in range(20):
            subsets.without([place])
        print(f", with 20 replicates {time.process_time() - start:.1f} s", end="", flush=True)
        for shift in range(5):
            order = np.roll(np.arange(20), shift).tolist()
            subsets.between(order[:10], order[10:])
            subsets.between(order[:5], order[5:10])
            subsets.between(order[10:15], order[15:])
        print(f", with 5 halvings and 10 pairs of quarters {time.process_time() - start:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=150, help="simulated comparisons a figure")
    parser.add_argument("--speed", action="store_true", help="time instead of simulate")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.speed:
        speed()
        return
    bias()
    means(arguments.repeats)
    coverage(arguments.repeats)
    levels(arguments.repeats)


if __name__ == "__main__":
    main()
