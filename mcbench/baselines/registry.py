"""The methods that `--model` knows, by name, without importing any of them."""

from __future__ import annotations

import difflib
import importlib

from mcbench.baselines.contract import Animator, Options, Spec
from mcbench.errors import InputError

_SPECS = (
    Spec(
        id="ours",
        display_name="ours",
        kind="ours",
        factory="mcbench.baselines.ours:load_ours",
        description="The bundled reference model (multi-condition framework of Xue et al.), smallest size.",
        paper="Xue et al., Towards Multiple Character Image Animation Through Enhancing Implicit "
        "Decoupling, ICLR 2025",
        needs=("poses",),
    ),
    Spec(
        id="copy-reference",
        display_name="copy-reference",
        kind="builtin",
        factory="mcbench.baselines.builtin.copy_reference:load",
        description="Every frame is the reference image: what standing still scores.",
    ),
    Spec(
        id="warp",
        display_name="warp",
        kind="builtin",
        factory="mcbench.baselines.builtin.warp:load",
        description="Moves each limb of the reference image rigidly to where the driving pose has it.",
        needs=("poses",),
    ),
)


def specs() -> tuple[Spec, ...]:
    """Return the specs of all known methods, in the order to list them."""
    return _SPECS


def get(name: str) -> Spec:
    """Return the spec of a method.

    Raises:
        InputError: there is none of this name; the hint names near matches.
    """
    by_id = {spec.id: spec for spec in _SPECS}
    if name in by_id:
        return by_id[name]
    near = difflib.get_close_matches(name, by_id, n=3, cutoff=0.5)
    raise InputError(
        f"there is no model {name!r}",
        f"did you mean {' or '.join(near)}?" if near else f"the models are {', '.join(by_id)}",
    )


def load(name: str, device: str, options: Options) -> Animator:
    """Load a method on a torch device; `options` override the defaults of its spec.

    Raises:
        InputError: the method or one of the options is unknown.
    """
    spec = get(name)
    module, attribute = spec.factory.split(":")
    animator: Animator = getattr(importlib.import_module(module), attribute)(
        device, {**spec.options, **options}
    )
    return animator
