"""How scoring is carried out, apart from what is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from mcbench.processes import default_workers
from mcbench.records import NetworkFamily, Part, Precision

_BATCH_ON_GPU = 16


class Pace(Part):
    """How many frames are worked on at once. It changes no value on a CPU.

    Attributes:
        threads: frames and clips under way at once.
        batch: frames that go through a network together; on a CPU they do so one by one.
    """

    threads: int = 1
    batch: int = 1


class Compute(Part):
    """How scoring is carried out: on a CPU, at full precision, none of it changes a number."""

    device: str = "auto"
    """Where networks run."""
    precision: Precision = "fp32"
    workers: Annotated[int, Field(ge=1)] = 1
    """Processes, each scoring one video at a time."""
    threads: Annotated[int, Field(ge=1)] | None = None
    """Frames and clips under way at once in each process; by default as many as its share of the cores."""
    batch: Annotated[int, Field(ge=1)] | None = None
    """Frames that go through a network together; on a CPU they do so one by one."""
    cache: bool = True
    """Take what has been computed before, and keep what is computed."""

    def pace(self, device: str) -> Pace:
        """Return the pace of each process."""
        on_gpu = device.startswith("cuda")
        return Pace(
            threads=self.threads or max(1, default_workers() // self.workers),
            batch=self.batch or (_BATCH_ON_GPU if on_gpu else 1),
        )


class ScoreSettings(Part):
    """What scoring is asked for besides protocols and frames."""

    family: NetworkFamily
    """Of the feature networks."""
    left_out: tuple[str, ...] = ()
    """Keys of metrics not to compute; the record lists them as left out."""
    home: Path | None = None
    """Where weights and the cache lie."""
    compute: Compute = Compute()
    allow_missing: bool = False
    """Leave out and list what cannot be read or is too short, instead of stopping."""
    seed: int = 0
    """Of bootstrap and jackknife."""
