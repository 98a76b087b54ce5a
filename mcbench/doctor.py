"""What works on this machine, and what to do about the rest."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcbench import environment, files
from mcbench.errors import McbenchError

State = Literal["ok", "missing", "broken"]
_LOW_DISK_BYTES = 10 * 2**30


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        subject: what was looked at.
        state: `ok`; `missing`, which leaves some part of mcbench unusable; `broken`, which must be mended.
        detail: what was seen.
        remedy: the command or step that mends it; empty when ok.
    """

    subject: str
    state: State
    detail: str
    remedy: str = ""


def examine(home: Path | None = None) -> list[Finding]:
    """Look at everything that mcbench relies on, and return what was found. Never raises for a fault."""
    checks: tuple[Callable[[Path], Iterator[Finding]], ...] = (
        _python,
        _torch_pair,
        _packages,
        _device,
        _home,
        _weights,
        _benchmarks,
        _checkout,
    )
    findings: list[Finding] = []
    for check in checks:
        try:
            findings.extend(check(files.home(home)))
        except Exception as error:  # a fault in one look must not hide the others
            name = check.__name__.strip("_")
            findings.append(Finding(name, "broken", f"{type(error).__name__}: {error}", "report this"))
    return findings


def _python(home: Path) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= (3, 11)
    yield Finding("python", "ok" if good else "broken", version, "" if good else "use Python 3.11 or newer")


def _torch_pair(home: Path) -> Iterator[Finding]:
    try:
        torch = importlib.import_module("torch")
        vision = importlib.import_module("torchvision")
    except (ImportError, RuntimeError, OSError) as error:
        # A torchvision built for another torch fails at import: "operator torchvision::nms does not exist".
        versions = environment.package_versions()
        pair = f"torch {versions.get('torch', 'absent')}, torchvision {versions.get('torchvision', 'absent')}"
        yield Finding(
            "torch and torchvision",
            "broken",
            f"{pair} do not work together: {error}",
            "pip install --upgrade --force-reinstall torch torchvision",
        )
        return
    yield Finding(
        "torch and torchvision", "ok", f"torch {torch.__version__}, torchvision {vision.__version__}"
    )


def _packages(home: Path) -> Iterator[Finding]:
    for module, package, use in (
        ("av", "av", "reading and writing video"),
        ("decord", "decord", "frame-exact reading (PyAV serves where it is absent)"),
        ("cv2", "opencv-python-headless", "the warp baseline and drawings"),
        ("lpips", "lpips", "LPIPS"),
        ("pytorch_fid", "pytorch-fid", "FID"),
        ("diffusers", "diffusers", "the reference model"),
    ):
        try:
            importlib.import_module(module)
        except (ImportError, RuntimeError, OSError) as error:
            state: State = "missing" if module == "decord" else "broken"
            yield Finding(package, state, f"{use}: {error}", f"pip install {package}")
        else:
            yield Finding(package, "ok", f"{use}: {environment.package_versions().get(package, 'present')}")


def _device(home: Path) -> Iterator[Finding]:
    device = environment.pick_device("auto")
    detail = environment.describe_environment(device).hardware
    yield Finding("device", "ok", f"{device}: {detail}")


def _home(home: Path) -> Iterator[Finding]:
    present = home
    while not present.exists():
        present = present.parent
    if not os.access(present, os.W_OK):
        yield Finding("home", "broken", f"{home} cannot be written", "set MCBENCH_HOME to a folder of yours")
        return
    free = shutil.disk_usage(present).free
    detail = f"{home}, {free / 2**30:.0f} GiB free"
    if free < _LOW_DISK_BYTES:
        yield Finding("home", "missing", detail, "free some disk, or set MCBENCH_HOME elsewhere")
    else:
        yield Finding("home", "ok", detail)


def _weights(home: Path) -> Iterator[Finding]:
    from mcbench import weights

    for state in weights.states(home):
        name = state.entry.name
        try:
            path = weights.find(name, home)
        except McbenchError as error:
            yield Finding(f"weights {name}", "missing", error.message, error.hint)
        else:
            yield Finding(f"weights {name}", "ok", str(path))


def _benchmarks(home: Path) -> Iterator[Finding]:
    from mcbench import data

    for row in data.status(home=home):
        if row.source != "generated" and not row.prepared:
            continue  # a subset of real videos that nobody asked for is no fault of the machine
        name = row.benchmark if row.subset == "default" else f"{row.benchmark}/{row.subset}"
        detail = f"source {row.source}: {row.prepared} of {row.expected} clips prepared"
        if row.expected and row.prepared == row.expected:
            yield Finding(f"data {name}", "ok", detail)
        else:
            yield Finding(f"data {name}", "missing", detail, row.command)


def _checkout(home: Path) -> Iterator[Finding]:
    commit, dirty = environment.git_state()
    if commit is None:
        yield Finding("checkout", "ok", "installed as a package: results carry the version only")
    else:
        yield Finding("checkout", "ok", f"commit {commit[:12]}{' with uncommitted changes' if dirty else ''}")
