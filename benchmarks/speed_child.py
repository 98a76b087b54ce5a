"""One scoring in a process of its own, for score_speed.py: prints its seconds and its memory as JSON."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--memory", action="store_true", help="tell of memory; keep nothing in the cache")
    parser.add_argument("--reference", action="store_true", help="reference networks with seeded weights")
    given = parser.parse_args()
    if given.memory:
        print(json.dumps(memory(given.predictions, given.truth, given.home, given.reference)))
        return
    from speed_setting import LEFT_OUT

    from mcbench.scoring import compare

    start = time.perf_counter()
    leave_out = ("lpips", *LEFT_OUT)
    record = compare(
        given.predictions,
        given.truth,
        protocol="disco/2",
        networks="embedded",
        leave_out=leave_out,
        home=given.home,
    )
    seconds = time.perf_counter() - start
    print(
        json.dumps({"seconds": seconds, "metrics": {key: one.value for key, one in record.metrics.items()}})
    )


def memory(predictions: Path, truth: Path, home: Path, reference: bool) -> dict[str, float]:
    """Return GiB held once the networks are loaded, and the most that was held while scoring."""
    from speed_setting import LEFT_OUT, reference_networks, score

    from mcbench.scoring import protocol
    from mcbench.scoring.networks import NetworkRequest, find_networks

    if reference:
        networks = reference_networks(home)
    else:
        request = NetworkRequest(family="embedded", left_out=("lpips", *LEFT_OUT), home=home)
        networks = find_networks([protocol("disco/2")], request)
        for name in networks.known:
            networks.features(name)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the high-water mark starts anew
    loaded = _gib("VmRSS")
    seconds = score({"first": predictions}, truth, networks)
    return {"loaded": loaded, "peak": _gib("VmHWM"), "seconds": seconds}


def _gib(field: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    line = next(line for line in lines if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 2**20


if __name__ == "__main__":
    main()
