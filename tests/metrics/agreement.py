"""How far two packages differ."""

from __future__ import annotations

import numpy as np


def agree(ours: object, theirs: object, largest: float) -> None:
    """Check that two results differ by at most `largest` of the greater of 1 and their size."""
    a, b = (np.asarray(side, dtype=np.float64) for side in (ours, theirs))
    assert a.shape == b.shape
    difference = float((np.abs(a - b) / np.maximum(1.0, np.abs(b))).max())
    print(f"largest difference {difference:.1e}")
    assert difference <= largest
