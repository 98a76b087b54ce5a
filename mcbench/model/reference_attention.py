"""Reference attention by attention processors that are paired by name.

The ReferenceNet's self-attention writes its (normalised) hidden states into a bank under its own name; the
denoiser's self-attention of the same name appends them to its keys and values. Both networks keep the
same names for them, so nothing is paired by order or size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import nn
from torch.nn import functional

from mcbench.errors import MismatchError

Bank = dict[str, torch.Tensor]
"""Name of a self-attention -> the reference's hidden states there, [videos, tokens, channels]."""

ProjectedBank = dict[str, tuple[torch.Tensor, torch.Tensor]]
"""Name of a self-attention -> the denoiser's keys and values of these states, [videos, tokens, channels]."""


def self_attention_names(network: nn.Module) -> list[str]:
    """Return the names of the spatial self-attentions (`attn1`) of a network, motion modules left out."""
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, Attention) and name.endswith(".attn1") and "motion_modules" not in name
    ]


def check_pairing(reference_net: nn.Module, denoiser: nn.Module) -> None:
    """Check that both networks have the same spatial self-attentions, with the same widths.

    Raises:
        MismatchError: they have not; the message names the first difference.
    """
    ours, theirs = set(self_attention_names(reference_net)), set(self_attention_names(denoiser))
    if ours != theirs:
        raise MismatchError(
            f"ReferenceNet and denoiser do not have the same self-attentions: {min(ours ^ theirs)} is "
            f"{'missing from the denoiser' if min(ours ^ theirs) in ours else 'only in the denoiser'}",
            "build both from one config",
        )
    for name in sorted(ours):
        widths = [_attention(network, name).query_dim for network in (reference_net, denoiser)]
        if widths[0] != widths[1]:
            raise MismatchError(
                f"self-attention {name} is {widths[0]} wide in the ReferenceNet, {widths[1]} in the denoiser",
                "build both from one config",
            )


class _Writer(AttnProcessor2_0):  # type: ignore[misc]
    """Plain self-attention that leaves its input in the bank."""

    def __init__(self, name: str, bank: Bank) -> None:
        super().__init__()
        self._name = name
        self._bank = bank

    def __call__(
        self, attn: Attention, hidden_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        self._bank[self._name] = hidden_states
        output: torch.Tensor = super().__call__(attn, hidden_states, *args, **kwargs)
        return output


class _Reader(AttnProcessor2_0):  # type: ignore[misc]
    """Self-attention over the frame's own tokens and those of its video's reference."""

    def __init__(self, projected: tuple[torch.Tensor, torch.Tensor], plain_videos: int) -> None:
        super().__init__()
        self._key, self._value = projected
        self._plain_videos = plain_videos

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> torch.Tensor:
        videos = self._plain_videos + len(self._key)
        if encoder_hidden_states is not None or attention_mask is not None or len(hidden_states) % videos:
            raise MismatchError(
                f"reference attention of {videos} videos got {len(hidden_states)} rows, or a mask",
                "give every video of a batch the same number of frames, and no attention mask",
            )
        plain = len(hidden_states) // videos * self._plain_videos
        parts = []
        if plain:
            parts.append(super().__call__(attn, hidden_states[:plain]))
        if plain < len(hidden_states):
            parts.append(self._attend(attn, hidden_states[plain:]))
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def _attend(self, attn: Attention, hidden_states: torch.Tensor) -> torch.Tensor:
        rows, tokens, _ = hidden_states.shape
        frames = rows // len(self._key)
        query = attn.to_q(hidden_states)
        key = torch.cat([attn.to_k(hidden_states), _per_frame(self._key, frames)], dim=1)
        value = torch.cat([attn.to_v(hidden_states), _per_frame(self._value, frames)], dim=1)
        query, key, value = (
            tensor.unflatten(2, (attn.heads, -1)).transpose(1, 2) for tensor in (query, key, value)
        )
        attended = functional.scaled_dot_product_attention(query, key, value)
        merged = attended.transpose(1, 2).reshape(rows, tokens, -1)
        output: torch.Tensor = attn.to_out[1](attn.to_out[0](merged))
        return output


@contextmanager
def writing(reference_net: nn.Module) -> Iterator[Bank]:
    """Yield a bank that the network's self-attentions fill when it runs within the block."""
    bank: Bank = {}
    processors = {name: _Writer(name, bank) for name in self_attention_names(reference_net)}
    with _processors(reference_net, processors):
        yield bank


def projected(denoiser: nn.Module, bank: Bank) -> ProjectedBank:
    """Return the denoiser's keys and values of a bank: they are the same at every frame, window and step.

    Raises:
        MismatchError: the bank has not exactly the denoiser's self-attentions.
    """
    if set(bank) != set(self_attention_names(denoiser)):
        raise MismatchError(
            "the bank was not written by a ReferenceNet that pairs with this denoiser", "see check_pairing"
        )
    attentions = {name: _attention(denoiser, name) for name in bank}
    return {
        name: (attentions[name].to_k(states), attentions[name].to_v(states)) for name, states in bank.items()
    }


@contextmanager
def reading(denoiser: nn.Module, bank: ProjectedBank | None, *, plain_videos: int = 0) -> Iterator[None]:
    """Let the denoiser's self-attentions see the bank within the block.

    Args:
        denoiser: rows of its input are videos x frames, frames running fastest.
        bank: what `projected` made of what `writing` yielded, one row a video; None for plain attention in
            all rows.
        plain_videos: this many leading videos of the batch come before those of the bank and see no
            reference (the unconditional rows of guidance).

    Raises:
        MismatchError: the bank has not exactly the denoiser's self-attentions.
    """
    if bank is None:
        yield
        return
    if set(bank) != set(self_attention_names(denoiser)):
        raise MismatchError("the bank was projected by another denoiser", "use `projected` of this one")
    with _processors(denoiser, {name: _Reader(pair, plain_videos) for name, pair in bank.items()}):
        yield


def _per_frame(states: torch.Tensor, frames: int) -> torch.Tensor:
    return states.repeat_interleave(frames, dim=0)


def _attention(network: nn.Module, name: str) -> Attention:
    return network.get_submodule(name)


@contextmanager
def _processors(network: nn.Module, processors: dict[str, Any]) -> Iterator[None]:
    before = {name: _attention(network, name).processor for name in processors}
    try:
        for name, processor in processors.items():
            _attention(network, name).processor = processor
        yield
    finally:
        for name, processor in before.items():
            _attention(network, name).processor = processor
