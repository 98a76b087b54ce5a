"""Every method behind one contract: a light spec, and an animator that turns a request into frames."""

from mcbench.baselines.contract import AnimationRequest, Animator, Options, Spec
from mcbench.baselines.registry import get, load, specs

__all__ = ["AnimationRequest", "Animator", "Options", "Spec", "get", "load", "specs"]
