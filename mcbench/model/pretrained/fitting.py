"""Filling a network with a published state dict, and an account of every key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from mcbench.errors import FileFormatError
from mcbench.records import Part, Record, Sha256
from mcbench.weights.loading import load_strict


@dataclass(frozen=True)
class Spared:
    """A kind of keys that one side may lack.

    Attributes:
        pattern: a regular expression that the whole key must match.
        reason: why nothing is lost.
    """

    pattern: str
    reason: str


class KeyReport(Part):
    """What became of the keys of one file."""

    part: str
    """Of our pipeline, such as `reference_net`."""
    file: str
    sha256: Sha256 | None = None
    used: tuple[str, ...]
    """Keys of the file whose tensors the network now has."""
    renamed: dict[str, str] = {}  # noqa: RUF012 (pydantic copies it)
    """Those among them that the network calls otherwise: key of the file -> our name."""
    unused: dict[str, str] = {}  # noqa: RUF012
    """Keys of the file that the network has no use for -> the reason."""
    missing: dict[str, str] = {}  # noqa: RUF012
    """Names of the network that the file does not have -> the reason; they keep their built values."""

    @property
    def in_one_line(self) -> str:
        """Counts, as the command line prints them."""
        return (
            f"{self.part}: {len(self.used)} keys used ({len(self.renamed)} renamed), "
            f"{len(self.unused)} unused, {len(self.missing)} not in {self.file}"
        )


class ConversionReport(Record):
    """`conversion.json`: a pipeline made of published weights, key by key."""

    source: str
    parts: tuple[KeyReport, ...]


def fit(
    network: nn.Module,
    state: Mapping[str, torch.Tensor],
    *,
    part: str,
    path: Path,
    sha256: str | None = None,
    rename: Callable[[str], str] = str,
    unused: Sequence[Spared] = (),
    missing: Sequence[Spared] = (),
) -> KeyReport:
    """Fill a network with a file's tensors; every key of either side is used or has a reason.

    Args:
        network: keeps its own values for names under `missing`.
        state: content of the file.
        part: name of the network in reports.
        path: the file; its hash goes into the report where `sha256` gives it.
        rename: from a key of the file to the network's name.
        unused: keys of the file that may be left out.
        missing: names of the network that the file may lack.

    Raises:
        FileFormatError: a key is missing, unexpected, of another shape or not finite; the message names it.
    """
    own = network.state_dict()
    used: dict[str, torch.Tensor] = {}
    names, left_out = {}, {}
    for key, value in state.items():
        name = rename(key)
        if name in own or (reason := _reason(key, unused)) is None:
            if name in used:
                raise FileFormatError(f"{path} has two tensors for {name}")
            used[name] = value
            names[key] = name
        else:
            left_out[key] = reason
    absent = {name: reason for name in own if name not in used and (reason := _reason(name, missing))}
    load_strict(network, {**{name: own[name] for name in absent}, **used}, str(path))
    return KeyReport(
        part=part,
        file=path.name,
        sha256=sha256,
        used=tuple(names),
        renamed={key: name for key, name in names.items() if key != name},
        unused=left_out,
        missing=absent,
    )


def _reason(key: str, exceptions: Sequence[Spared]) -> str | None:
    return next((each.reason for each in exceptions if re.fullmatch(each.pattern, key)), None)
