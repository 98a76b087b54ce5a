"""A check that any table of L1 and PSNR can be put to."""

from __future__ import annotations

from dataclasses import dataclass

from mcbench.records import ScoreRecord
from mcbench.scoring.protocols import PROTOCOLS


@dataclass(frozen=True)
class Consistency:
    """Mean absolute error in grey levels against what the PSNR says of the root mean square.

    Attributes:
        left: H*W*L1, the mean absolute error on 0..255.
        right: 255 * 10^(-PSNR/20).
    """

    left: float
    right: float

    @property
    def holds(self) -> bool:
        """Whether left <= right. It must for a single frame; for means it need not where frames differ
        much in quality, since PSNR is averaged in decibels (an identical frame counts 100).
        """
        return self.left <= self.right * (1.0 + 1e-9)


def consistency(record: ScoreRecord) -> Consistency | None:
    """Return the check of a record, or None where its protocol has no L1 per pixel."""
    protocol = PROTOCOLS.get(record.protocol)
    if protocol is None or protocol.frames.size is None or not {"l1", "psnr"} <= set(record.metrics):
        return None
    if not any(metric.function == "l1_per_pixel" for metric in protocol.frame_metrics):
        return None
    height, width = protocol.frames.size
    left = height * width * record.metrics["l1"].value
    return Consistency(left, 255.0 * 10.0 ** (-record.metrics["psnr"].value / 20.0))
