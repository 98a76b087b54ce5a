"""Small networks trained on generated dances and shipped in the package: see docs/embedded-networks.md.

Distances over their features are named `fid@embedded`, `fid_vid@embedded` and `fvd@embedded`. They are
not FID, FID-VID or FVD and compare with no published number.
"""

from mcbench.metrics.networks.embedded.architecture import EmbeddedName
from mcbench.metrics.networks.embedded.loading import embedded_weights, load_embedded

__all__ = ["EmbeddedName", "embedded_weights", "load_embedded"]
