"""How fast scoring is, and how much memory it takes: the figures of docs/speed.md, in one run.

Run it with `python benchmarks/score_speed.py [--shared ../shared] [--markdown FILE]` on a machine that does
nothing else; it takes about 20 minutes on two cores. `--figure NAME` measures some of them, `--tiny` tries
everything on a few small frames. The reference networks have seeded weights (LPIPS its real trunk, given
`--shared`): arithmetic takes the same time whatever the weights are. Both sides of every ratio are measured
in the same run, on the same frames and weights.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import speed_bare
import speed_field
import torch
from speed_setting import (
    Footage,
    Row,
    make_footage,
    reference_networks,
    repeat_footage,
    score,
)

from mcbench.environment import describe_environment
from mcbench.processes import default_workers
from mcbench.scoring import protocol
from mcbench.scoring.networks import NetworkRequest, find_networks

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "score-cost.png"


@dataclass
class Sizes:
    """How much is measured."""

    large: tuple[int, int] = (896, 640)
    small: tuple[int, int] = (64, 48)
    first: tuple[int, int] = (2, 32)
    """Videos, frames of each."""
    second: tuple[int, int] = (1, 24)
    again: tuple[int, int] = (40, 100)
    memory: tuple[int, int] = (40, 100)
    memory_reference: tuple[int, int] = (2, 20)
    linear: tuple[int, ...] = (100, 300, 1000, 3000, 10_000)
    picture: Path = PICTURE


@dataclass
class Bench:
    """A run of this script.

    Attributes:
        work: folder for frames, weights and caches.
        shared: folder with the real LPIPS trunks, or None.
        sizes: how much to measure.
        tables: titles and Markdown of where time goes.
    """

    work: Path
    shared: Path | None
    sizes: Sizes
    tables: list[str] = field(default_factory=list)

    def footage(self, name: str, videos: int, frames: int, size: tuple[int, int]) -> Footage:
        """Return videos made of at most two clips."""
        clips = make_footage(self.work / f"{name}-clips", min(2, videos), frames, size)
        return clips if videos <= 2 else repeat_footage(clips, self.work / name, videos)

    def child(self, footage: Footage, *options: str) -> tuple[dict[str, Any], float]:
        """Score in a process of its own; return what it prints and its seconds from start to end."""
        script = Path(__file__).with_name("speed_child.py")
        home = ("--home", str(self.work / "home"))
        start = time.perf_counter()
        found = subprocess.run(
            [sys.executable, str(script), str(footage.methods[0]), str(footage.truth), *home, *options],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if found.returncode:
            raise SystemExit(found.stderr)
        return json.loads(found.stdout), seconds


def first_and_field(bench: Bench, figures: set[str]) -> Iterator[Row]:
    """The seven metrics for the first time, against bare forwards and against the field's way."""
    videos, frames = bench.sizes.first
    footage = bench.footage("first", videos, frames, bench.sizes.large)
    ours: dict[str, float] = {}
    for way in ("fp32", "fast"):
        networks = reference_networks(bench.work / "home", bench.shared, fast=way == "fast")
        speed_bare.warm_up(networks)
        begun = time.process_time()
        ours[way] = score({"first": footage.methods[0]}, footage.truth, networks)
        cpu = time.process_time() - begun
        tell(f"ours {way}: {ours[way]:.1f} s")
        if "first" in figures:
            bare = speed_bare.measure(speed_bare.make_ready(footage, networks), networks)
            least = sum(one.seconds for one in bare.values())
            compared = "; ".join(
                f"{name} {one.items} x {1000 * one.seconds / one.items:.0f} ms ({one.way})"
                for name, one in bare.items()
            )
            ratio = ours[way] / least
            yield Row(
                f"first, {way}",
                f"{ratio:.2f}",
                "1.15 at most",
                f"{ours[way]:.1f} s for {videos} x {frames} pairs / {least:.1f} s of forwards: {compared}",
            )
            parts = speed_bare.seconds_of_parts(footage, networks)
            parts |= {name: one.cpu for name, one in bare.items()}
            parts["all else"] = cpu - sum(parts.values())
            bench.tables.append(table(f"ours, {way}: {ours[way]:.1f} s by the clock", parts))
    if "field" in figures:
        plain = reference_networks(bench.work / "home", bench.shared)
        yield from against_field(bench, footage, plain, ours)


def against_field(bench: Bench, footage: Footage, networks: Any, ours: Mapping[str, float]) -> Iterator[Row]:
    """The same frames in the field's way."""
    torch.set_num_threads(default_workers())
    passes = speed_field.passes(footage, networks, default_workers())
    whole = sum(one.seconds for one in passes.values())
    by_pass = ", ".join(f"{name} {one.seconds:.1f}" for name, one in passes.items())
    for way, seconds in ours.items():
        yield Row(
            f"field / ours, {way}",
            f"{whole / seconds:.2f}",
            "5 at least",
            f"{whole:.1f} s ({by_pass}) / {seconds:.1f} s",
        )
    parts = {
        "decode": sum(one.decode for one in passes.values()),
        "crop and resize": sum(one.resize for one in passes.values()),
    }
    parts |= {f"{name}: all else": one.rest for name, one in passes.items()}
    bench.tables.append(table(f"the field's way: {whole:.1f} s by the clock", parts))


def second(bench: Bench) -> Iterator[Row]:
    """A second method against the same truth, with the cache, and two methods in one call."""
    videos, frames = bench.sizes.second
    footage = bench.footage("second", videos, frames, bench.sizes.large)
    networks = reference_networks(bench.work / "home", bench.shared)
    speed_bare.warm_up(networks)
    one, other = footage.methods
    cache = bench.work / "second-cache"
    alone = score({"one": one}, footage.truth, networks, cache=cache)
    after = score({"other": other}, footage.truth, networks, cache=cache)
    yield Row(
        "second method / first",
        f"{after / alone:.2f}",
        "0.55 at most",
        f"{after:.1f} s / {alone:.1f} s for {videos} x {frames} pairs, one after the other with the cache",
    )
    both = score({"one": one, "other": other}, footage.truth, networks)
    yield Row(
        "two methods in one call / one, less 1",
        f"{both / alone - 1:.2f}",
        "0.55 at most",
        f"{both:.1f} s / {alone:.1f} s, the truth decoded and seen by networks once",
    )


def again(bench: Bench) -> Iterator[Row]:
    """Scoring once more with nothing changed, in fresh processes."""
    videos, frames = bench.sizes.again
    footage = bench.footage("again", videos, frames, bench.sizes.small)
    tiny = bench.footage("again-tiny", 2, 17, bench.sizes.small)
    time.sleep(1.0)  # what has just been written could still change unseen, so the cache would not trust it
    for one in (footage, tiny):
        tell(f"the cache is filled in {bench.child(one)[1]:.1f} s")
    seconds: dict[Footage, list[float]] = {footage: [], tiny: []}
    for _ in range(3):
        for one, found in seconds.items():
            found.append(bench.child(one)[1])
    whole, start_up = (float(np.median(found)) for found in seconds.values())
    yield Row(
        "score again, above start-up",
        f"{whole - start_up:.2f} s",
        "2 s at most",
        f"{videos} x {frames} pairs, `disco/2` without LPIPS, embedded networks: {whole:.2f} s, "
        f"2 x 17 pairs: {start_up:.2f} s (medians of 3 fresh processes)",
    )


def memory(bench: Bench) -> Iterator[Row]:
    """Peak memory above that of a process that has loaded the networks."""
    videos, frames = bench.sizes.memory
    clips = bench.footage("memory", 2, frames, bench.sizes.large)
    many = repeat_footage(clips, bench.work / "memory-many", videos)
    few = repeat_footage(clips, bench.work / "memory-few", max(1, videos // 10))
    reference = bench.footage("memory-reference", *bench.sizes.memory_reference, bench.sizes.large)
    runs: list[tuple[str, Footage, int, tuple[str, ...]]] = [
        ("embedded networks", few, max(1, videos // 10) * frames, ()),
        ("embedded networks", many, videos * frames, ()),
        ("reference networks", reference, math.prod(bench.sizes.memory_reference), ("--reference",)),
    ]
    for title, footage, count, options in runs:
        found, _ = bench.child(footage, "--memory", *options)
        yield Row(
            f"memory, {count} pairs, {title}",
            f"{found['peak'] - found['loaded']:.2f} GiB",
            "2 GiB at most",
            f"peak {found['peak']:.2f} GiB, {found['loaded']:.2f} GiB once networks are loaded; "
            f"{bench.sizes.large[0]}x{bench.sizes.large[1]}, `disco/2`, no cache, {found['seconds']:.0f} s",
        )


def linear(bench: Bench) -> Iterator[Row]:
    """Time against the number of frames, with a picture."""
    home = bench.work / "home"
    request = NetworkRequest(family="embedded", left_out=("lpips", "lpips_vgg"), home=home)
    networks = find_networks([protocol("mcbench/1")], request)
    clips = bench.footage("linear", 2, 100 if bench.sizes.linear[0] >= 100 else 20, bench.sizes.small)
    length = len(clips.frames(clips.truth)[0])
    score({"first": clips.methods[0]}, clips.truth, networks, name="mcbench/1")  # not timed: all is loaded
    found = {}
    for count in bench.sizes.linear:
        footage = repeat_footage(clips, bench.work / f"linear-{count}", count // length)
        found[count] = score({"first": footage.methods[0]}, footage.truth, networks, name="mcbench/1")
        tell(f"{count} frames: {found[count]:.1f} s")
    exponent = float(np.polyfit(np.log(list(found)), np.log(list(found.values())), 1)[0])
    plot(found, exponent, bench.sizes.picture)
    each = ", ".join(f"{count}: {seconds:.1f} s" for count, seconds in found.items())
    yield Row(
        "exponent of time over frames",
        f"{exponent:.3f}",
        "1, linear",
        f"`mcbench/1` without LPIPS, embedded networks, no cache, {length} frames a video; {each}",
    )


def plot(found: Mapping[int, float], exponent: float, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    counts, seconds = np.array(list(found)), np.array(list(found.values()))
    figure, axes = plt.subplots(figsize=(6.0, 4.0), dpi=120)
    axes.loglog(counts, seconds[-1] * counts / counts[-1], color="0.7", label="in proportion to the last")
    axes.loglog(counts, seconds, "o", label=f"measured, exponent {exponent:.3f}")
    axes.set_xlabel("pairs of frames")
    axes.set_ylabel("seconds")
    axes.set_title("Cost of scoring under mcbench/1, embedded networks")
    axes.grid(which="both", color="0.9")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})


def table(title: str, parts: Mapping[str, float]) -> str:
    whole = sum(parts.values())
    lines = [f"| {title} | processor seconds | share |", "| --- | --- | --- |"]
    lines += [f"| {name} | {value:.1f} | {100 * value / whole:.0f} % |" for name, value in parts.items()]
    return "\n".join([*lines, f"| together | {whole:.1f} | |"])


def page(lines: Sequence[str], tables: Sequence[str]) -> str:
    return "\n".join(lines) + "\n" + "".join(f"\n{one}\n" for one in tables)


def keep(text: str, path: Path | None) -> None:
    if path is not None:
        path.write_text(text, encoding="utf-8")


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def tiny_sizes(work: Path) -> Sizes:
    return Sizes(
        large=(96, 64),
        first=(1, 17),
        second=(1, 16),
        again=(4, 17),
        memory=(10, 17),
        memory_reference=(1, 17),
        linear=(20, 40, 80),
        picture=work / "score-cost.png",
    )


def measure(bench: Bench, figures: set[str]) -> Iterator[Row]:
    """Yield the rows of the table."""
    if figures & {"first", "field"}:
        yield from first_and_field(bench, figures)
    single: dict[str, Callable[[Bench], Iterator[Row]]] = {
        "second": second,
        "again": again,
        "linear": linear,
        "memory": memory,
    }
    for name, function in single.items():
        if name in figures:
            yield from function(bench)


def main() -> None:
    names = ("first", "field", "second", "again", "linear", "memory")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", nargs="+", choices=names, default=list(names))
    parser.add_argument("--shared", type=Path, help="folder with weights/lpips")
    parser.add_argument("--markdown", type=Path, help="file to write the tables to")
    parser.add_argument("--tiny", action="store_true", help="a few small frames, to try the script")
    given = parser.parse_args()
    torch.set_num_threads(default_workers())
    hardware = describe_environment("cpu").hardware
    lines = [
        f"{date.today()}, {hardware}, {default_workers()} cores, torch {torch.__version__}, "
        f"load {os.getloadavg()[0]:.1f} at the start",
        "",
        "| figure | value | goal | what was compared |",
        "| --- | --- | --- | --- |",
    ]
    with tempfile.TemporaryDirectory(prefix="score-speed-") as folder:
        work = Path(folder)
        bench = Bench(work, given.shared, tiny_sizes(work) if given.tiny else Sizes())
        for row in measure(bench, set(given.figure)):
            lines.append(f"| {row.figure} | {row.value} | {row.goal} | {row.compared} |")
            tell(lines[-1])
            keep(page(lines, bench.tables), given.markdown)
    keep(page(lines, bench.tables), given.markdown)
    print(page(lines, bench.tables))


if __name__ == "__main__":
    main()
