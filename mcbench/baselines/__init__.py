"""Every method behind one contract: a light spec, and an animator that turns a request into frames."""

from mcbench.baselines.contract import NO_OPTIONS, AnimationRequest, Animator, Options, Spec
from mcbench.baselines.registry import get, load, specs

__all__ = ["NO_OPTIONS", "AnimationRequest", "Animator", "Options", "Spec", "get", "load", "specs"]
