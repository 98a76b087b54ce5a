"""What a network that turns frames or clips into features is to the metrics."""

from __future__ import annotations

from typing import Protocol

import torch

from mcbench.errors import MismatchError


class FeatureNetwork(Protocol):
    """A loaded network in evaluation mode on its device.

    The caller resizes frames to `input_size` by the operator that the scoring protocol declares
    (bicubic, antialiased, not clipped, in most of them) before it calls `features`; everything after
    that, such as mean subtraction, scaling and the order of axes, is the network's own business.

    Many threads may call `features` at once.

    Attributes:
        name: its name in the registry, such as `inception` or `motion`.
        dimensions: D, the length of a feature vector.
        input_size: (height, width) of the frames it takes.
        clip_length: T, the frames in an item: 1 for a network over images.
        shortest_clip: the fewest frames of an item; equal to `clip_length` where it takes no other.
        longest_clip: the most frames of an item.
        backend: what runs it, such as `torch-fp32` or `openvino-f32`.
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

    @property
    def shortest_clip(self) -> int:
        """Fewest frames of an item that it takes."""

    @property
    def longest_clip(self) -> int:
        """Most frames of an item that it takes."""

    @property
    def backend(self) -> str:
        """What runs it."""

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the features of a batch of clips, or of images as clips of one frame.

        Args:
            batch: uint8 or floating [B, T, *input_size, 3], RGB on the scale 0..255 (a bicubic resize
                may overshoot a little), on any device; T from `shortest_clip` to `longest_clip`.

        Returns:
            float32 [B, dimensions] on the network's device, without gradient. Row b depends on item b
            alone. On a CPU that holds to the last bit, whatever the batch and the number of threads.

        Raises:
            MismatchError: the batch has another shape, or no item.
        """


def check_batch(network: FeatureNetwork, batch: torch.Tensor) -> None:
    """Refuse a batch that a network does not take.

    Raises:
        MismatchError: it has another shape, or no item.
    """
    size = network.input_size
    fits = (
        batch.ndim == 5
        and len(batch) > 0
        and network.shortest_clip <= batch.shape[1] <= network.longest_clip
        and tuple(batch.shape[2:]) == (*size, 3)
    )
    if not fits:
        lengths = str(network.shortest_clip)
        if network.longest_clip != network.shortest_clip:
            lengths += f" to {network.longest_clip}"
        raise MismatchError(
            f"the network {network.name!r} takes batches [B, T, {size[0]}, {size[1]}, 3] with T = {lengths}, "
            f"not {tuple(batch.shape)}"
        )
