"""How fast each back end runs each metric network, and how far its metrics are from fp32.

Run it with `python benchmarks/network_speed.py [--shared FOLDER]`; FOLDER has `weights/lpips` with the real
trunks. Seeded weights stand in for files that are absent. Times are processor time a frame or clip on one
thread, the least of several rounds, the back ends by turns; only their ratios mean much on a machine
that others use. Prints the table of docs/fast-mode.md.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from seeded_networks import real_trunks, seeded_lpips, seeded_network

from mcbench.environment import describe_environment
from mcbench.metrics.networks.backends import Deviation, feature_deviation, lpips_deviation
from mcbench.metrics.networks.lpips import LpipsNetwork, load_lpips
from mcbench.metrics.networks.openvino_runner import OpenVinoRunner, has_bf16
from mcbench.metrics.networks.probe import probe_frames, probe_items
from mcbench.metrics.networks.registry import load_network
from mcbench.metrics.networks.torch_network import TorchNetwork

ROUNDS = 4
CLIPS = 4
HEADINGS = (
    "network", "back end", "ms", "times as fast", "features or frames",
    "Frechet or -1..1", "kernel or 0..1", "squared",
)  # fmt: skip


def seconds_by_turns(calls: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the least processor time of each call, called by turns."""
    least = dict.fromkeys(calls, float("inf"))
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            call()
            least[name] = min(least[name], time.process_time() - start)
    return least


def variants(network: TorchNetwork | LpipsNetwork) -> dict[str, TorchNetwork | LpipsNetwork]:
    fast = {
        f"openvino-{precision}": network.through(OpenVinoRunner(network.module, precision))
        for precision in ("f32", "bf16")
    }
    return {"torch-fp32": network, **fast}


def features_rows(title: str, network: TorchNetwork) -> None:
    prediction, truth = probe_items(network, CLIPS)
    item = truth[:1].to(torch.uint8)
    runs = variants(network)
    times = seconds_by_turns({name: lambda one=one: one.features(item) for name, one in runs.items()})
    for name, one in runs.items():
        show(title, name, times, feature_deviation(network, one, prediction, truth))
    # Whole batches, as a network would run without the guarantee that an item does not depend on them.
    with torch.inference_mode():
        batch = truth[:4].float()
        whole = seconds_by_turns({"batch": lambda: network.module(batch)}, 2)["batch"] / len(batch)
    print(
        f"| {title} | torch, batches of 4 | {1000 * whole:.1f} | {times['torch-fp32'] / whole:.2f} | | | | |"
    )


def lpips_rows(title: str, network: LpipsNetwork) -> None:
    prediction, truth = (clips[:, ::8].reshape(-1, *clips.shape[2:]) for clips in probe_frames(CLIPS))
    runs = variants(network)
    times = seconds_by_turns(
        {name: lambda one=one: one.distance(prediction[:1], truth[:1]) for name, one in runs.items()}
    )
    for name, one in runs.items():
        show(title, name, times, lpips_deviation(network, one, prediction, truth))


def show(title: str, name: str, times: dict[str, float], deviation: Deviation) -> None:
    parts = [f"{value:.1e}" for value in deviation.metrics.values()] + [""] * (3 - len(deviation.metrics))
    ratio = times["torch-fp32"] / times[name]
    row = (title, name, f"{1000 * times[name]:.1f}", f"{ratio:.2f}", f"{deviation.items:.1e}", *parts)
    print("| " + " | ".join(row) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, help="folder with weights/lpips")
    parser.add_argument("--home", type=Path, default=Path("network-speed-home"), help="for mcbench's weights")
    given = parser.parse_args()
    torch.set_num_threads(1)
    environment = describe_environment("cpu")
    print(f"{environment.hardware}; bfloat16 in the CPU: {'yes' if has_bf16() else 'no'}\n")
    print(f"| {' | '.join(HEADINGS)} |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    real = real_trunks(given.shared, given.home)
    for trunk in ("alex", "vgg"):
        network = load_lpips(trunk, home=given.home) if real else seeded_lpips(trunk)
        lpips_rows(f"LPIPS {trunk}, 224x160{'' if real else ', seeded'}", network)
    for name in ("image", "clip", "motion"):
        features_rows(f"embedded {name}", load_network(name).network)
    for name in ("inception", "resnet50-kinetics", "i3d"):
        features_rows(f"{name}, seeded", seeded_network(name))


if __name__ == "__main__":
    main()
