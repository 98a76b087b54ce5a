"""A pipeline without some of its parts: what each of them does is what is lost without it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from mcbench.errors import InputError
from mcbench.model.guiders import GuiderSet
from mcbench.model.networks import motion_outputs
from mcbench.model.pipeline import AnimationPipeline

TEMPORAL = "temporal"


def without_parts(pipeline: AnimationPipeline, parts: Sequence[str]) -> AnimationPipeline:
    """Take parts out of a pipeline, and return it.

    A guider that is taken out adds nothing, as where `drop_guider` dropped it in training; the reference
    pose guider adds nothing in the ReferenceNet either. Without `temporal` layers each frame is denoised for
    itself: every motion module is the identity, as it was at its first step. First guesses stay.

    Args:
        pipeline: is changed.
        parts: names of guiders, or `temporal`.

    Raises:
        InputError: the pipeline has no such part.
    """
    guiders: GuiderSet | None = pipeline.guiders
    names = guiders.names if guiders is not None else ()
    outputs = motion_outputs(pipeline.denoiser)
    has = [*names, *([TEMPORAL] if outputs else [])]
    if stray := [part for part in parts if part not in has]:
        raise InputError(
            f"the pipeline has no {stray[0]!r} to leave out", f"it has {', '.join(has) or 'no such parts'}"
        )
    if TEMPORAL in parts:
        for output in outputs:
            nn.init.zeros_(output.weight)
            if output.bias is not None:
                nn.init.zeros_(output.bias)
    if guiders is not None:
        pipeline.register_modules(guiders=guiders.without(parts))
    return pipeline
