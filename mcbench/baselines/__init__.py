"""Every method behind one contract: a light spec, and an animator that turns a request into frames."""

from mcbench.baselines.contract import AnimationRequest, Animator, Options, Picture, WholeBodies
from mcbench.baselines.registry import broken_specs, get, load, specs
from mcbench.baselines.spec import Spec, read_spec

__all__ = [
    "AnimationRequest",
    "Animator",
    "Options",
    "Picture",
    "Spec",
    "WholeBodies",
    "broken_specs",
    "get",
    "load",
    "read_spec",
    "specs",
]
