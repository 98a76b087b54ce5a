"""A feature network that a torch module computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from mcbench.metrics.networks.contract import check_batch
from mcbench.metrics.networks.itemwise import item_by_item
from mcbench.metrics.networks.prepacked import Substitutes, can_prepack, prepacked
from mcbench.metrics.networks.runners import Runner, TorchRunner


@dataclass(frozen=True)
class ItemShape:
    """What goes into a feature network and what comes out.

    Attributes:
        name: in the registry.
        dimensions: of a feature vector.
        input_size: (height, width) of frames.
        clip_length: frames in an item; 1 for images.
        shortest_clip: fewest frames of an item; 0 stands for `clip_length`.
        longest_clip: most frames of an item; 0 stands for `clip_length`.
    """

    name: str
    dimensions: int
    input_size: tuple[int, int]
    clip_length: int
    shortest_clip: int = 0
    longest_clip: int = 0


class FromFrames(nn.Module):
    """Frames [B, T, H, W, 3] on 0..255 to a network's own scale and order of axes, then the network.

    The network gets x / scale - shift as [B, 3, T, H, W], or [B, 3, H, W] for images. The frames' own
    order of axes is torch's channels-last, so nothing is copied for it.
    """

    def __init__(
        self, body: nn.Module, *, scale: float, shift: Sequence[float], images: bool = False
    ) -> None:
        super().__init__()
        self.body, self._scale, self._images = body, scale, images
        self.shift: torch.Tensor
        self.register_buffer("shift", torch.tensor(shift, dtype=torch.float32), persistent=False)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return what the network makes of the frames."""
        values = frames / self._scale - self.shift
        values = values[:, 0].permute(0, 3, 1, 2) if self._images else values.permute(0, 4, 1, 2, 3)
        found: torch.Tensor = self.body(values)
        return found


class TorchNetwork:
    """A `FeatureNetwork` from a torch module: on a CPU item by item, elsewhere in whole batches.

    Args:
        shape: its name and what goes in and out.
        module: float32 [B, T, H, W, 3] on 0..255 to [B, dimensions].
        device: where it runs.
        substitutes: prepacked forms of parts of the module, for a CPU that has them.
        runner: what runs the module; torch in fp32 unless given.
    """

    def __init__(
        self,
        shape: ItemShape,
        module: nn.Module,
        device: str,
        *,
        substitutes: Substitutes | None = None,
        runner: Runner | None = None,
    ) -> None:
        self.name, self.dimensions = shape.name, shape.dimensions
        self.input_size, self.clip_length = shape.input_size, shape.clip_length
        self.shortest_clip = shape.shortest_clip or shape.clip_length
        self.longest_clip = shape.longest_clip or shape.clip_length
        self.device = torch.device(device)
        self.module = module.to(self.device).eval().requires_grad_(False)
        self._shape = shape
        run = self.module
        if substitutes and runner is None and self.device.type == "cpu" and can_prepack():
            run = prepacked(self.module, substitutes)
        self._runner = runner or TorchRunner(run, self.device)

    @property
    def backend(self) -> str:
        """What runs it."""
        return self._runner.backend

    def through(self, runner: Runner) -> TorchNetwork:
        """Return the same network, run by something else."""
        return TorchNetwork(self._shape, self.module, str(self.device), runner=runner)

    @torch.inference_mode()
    def features(self, batch: torch.Tensor) -> torch.Tensor:
        """Return features, float32 [B, dimensions]; see `FeatureNetwork.features`."""
        check_batch(self, batch)
        if self.device.type != "cpu":
            return self._run(batch)
        return torch.cat(item_by_item(self._run, torch.split(batch, 1)))

    def _run(self, batch: torch.Tensor) -> torch.Tensor:
        return self._runner(batch.to(self.device, torch.float32))[0]
