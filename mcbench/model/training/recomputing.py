"""Gradient checkpointing that keeps reference attention: activations are computed again on the way back.

Reference attention lives in attention processors that are in place during the forward pass alone. When
a block is computed again on the way back, the processors that it ran with are put in place once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from diffusers.models.attention_processor import Attention
from torch import nn
from torch.utils.checkpoint import checkpoint

from mcbench.model.networks import Networks


def enable_gradient_checkpointing(networks: Networks) -> None:
    """Let denoiser and ReferenceNet keep only what goes in and out of their blocks."""
    for network in (networks.denoiser, networks.reference_net):
        enable: Any = network.enable_gradient_checkpointing
        enable(_recomputed)


def _recomputed(module: nn.Module, *inputs: Any) -> Any:
    ran_with = {each: each.processor for each in module.modules() if isinstance(each, Attention)}
    # Not the re-entrant kind: it runs blocks without gradients, and what they leave in the bank has none.
    return checkpoint(
        module, *inputs, use_reentrant=False, context_fn=lambda: (nullcontext(), _processors(ran_with))
    )


@contextmanager
def _processors(wanted: dict[Attention, Any]) -> Iterator[None]:
    before = {each: each.processor for each in wanted}
    try:
        for each, processor in wanted.items():
            each.processor = processor
        yield
    finally:
        for each, processor in before.items():
            each.processor = processor
