"""Convolutions whose weights lie in memory as the CPU's convolution library wants them, once and for all.

torch hands the weights over in its own order, and the library rearranges them in every call: for one clip
at a time that takes as long as half of the convolutions. Here batch normalisation is folded into the
weights too, and ReLU done in the same pass. Still fp32: features differ from torch's by about 5e-7.
"""

from __future__ import annotations

import copy
import platform
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Substitutes = Mapping[type[nn.Module], Callable[[Any], nn.Module]]
"""Kind of module -> what makes a prepacked one out of it."""
_SHAPES_KEPT = 2


def can_prepack() -> bool:
    """Whether this torch, on this machine, has the functions that are needed."""
    return (
        platform.machine().lower() in ("x86_64", "amd64")
        and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        and hasattr(torch._C._nn, "mkldnn_reorder_conv3d_weight")
    )


def prepacked(module: nn.Module, substitutes: Substitutes) -> nn.Module:
    """Return a twin of a module in which parts are substituted; the other parts are shared with it."""
    make = substitutes.get(type(module))
    if make is not None:
        return make(module)
    twin = copy.copy(module)
    twin.__dict__["_modules"] = {
        name: None if child is None else prepacked(child, substitutes)
        for name, child in module._modules.items()
    }
    return twin


class PrepackedConvolution(nn.Module):
    """A convolution in two or three dimensions, then batch normalisation and ReLU where asked for.

    Args:
        convolution: a `Conv2d` or `Conv3d` in evaluation mode, without groups, padded by zeros.
        norm: its `BatchNorm2d` or `BatchNorm3d`, or None.
        relu: whether ReLU comes last.
    """

    def __init__(self, convolution: Any, norm: Any, *, relu: bool) -> None:
        super().__init__()
        folded: Any = convolution if norm is None else fuse_conv_bn_eval(convolution, norm)
        self._weight, self._bias = folded.weight.detach(), folded.bias
        self._padding, self._stride = tuple(folded.padding), list(folded.stride)
        self._dilation = list(folded.dilation)
        self._after = "relu" if relu else "none"
        self._packed: OrderedDict[tuple[tuple[int, ...], ...], torch.Tensor] = OrderedDict()
        self._lock = threading.Lock()

    def forward(self, values: torch.Tensor, padding: tuple[int, ...] | None = None) -> torch.Tensor:
        """Return the convolution of [B, C, H, W] or [B, C, T, H, W]; `padding` in place of its own."""
        pad = self._padding if padding is None else padding
        found: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
            values,
            self._for(values, pad),
            self._bias,
            pad,
            self._stride,
            self._dilation,
            1,
            self._after,
            [],
            "",
        )
        return found

    def _for(self, values: torch.Tensor, padding: tuple[int, ...]) -> torch.Tensor:
        """Return the weights in the order that suits the shape of the input."""
        key = (tuple(values.shape), padding)
        with self._lock:
            if key not in self._packed:
                reorder: Any = (
                    torch._C._nn.mkldnn_reorder_conv3d_weight
                    if values.ndim == 5
                    else torch._C._nn.mkldnn_reorder_conv2d_weight
                )
                plain = self._weight.contiguous().to_mkldnn()
                self._packed[key] = reorder(
                    plain, list(padding), self._stride, self._dilation, 1, values.shape
                )
                if len(self._packed) > _SHAPES_KEPT:
                    self._packed.popitem(last=False)
            self._packed.move_to_end(key)
            return self._packed[key]
