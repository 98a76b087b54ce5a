"""What a network that turns frames or clips into features is to the metrics."""

from __future__ import annotations

from typing import Protocol

import torch


class FeatureNetwork(Protocol):
    """A loaded network in evaluation mode on its device.

    The caller resizes frames to `input_size` by the operator that the scoring protocol declares
    (bicubic, antialiased, not clipped, in most of them) before it calls `features`; everything after
    that, such as mean subtraction, scaling and the order of axes, is the network's own business.

    Attributes:
        name: its name in the registry, such as `inception` or `motion`.
        dimensions: D, the length of a feature vector.
        input_size: (height, width) of the frames it takes.
        clip_length: T, the frames in an item: 1 for a network over images.
    """

    @property
    def name(self) -> str:
        """Its name in the registry."""

    @property
    def dimensions(self) -> int:
        """Length of a feature vector."""

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of the frames it takes."""

    @property
    def clip_length(self) -> int:
        """Frames in an item; 1 for a network over images."""

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the features of a batch of clips, or of images as clips of one frame.

        Args:
            batch: uint8 or floating [B, clip_length, *input_size, 3], RGB on the scale 0..255 (a
                bicubic resize may overshoot a little), on any device.

        Returns:
            float32 [B, dimensions] on the network's device, without gradient. Row b depends on item b
            alone.
        """
