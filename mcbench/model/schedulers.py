"""The samplers that a checkpoint can be run with, by name, all on the noise schedule of its training."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    UniPCMultistepScheduler,
)

from mcbench.errors import InputError

SCHEDULERS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "ddim": (DDIMScheduler, {"clip_sample": False, "set_alpha_to_one": True}),
    "dpm++": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "euler": (EulerDiscreteScheduler, {}),
    "unipc": (UniPCMultistepScheduler, {"solver_order": 2}),
}
"""Name -> class and its own settings. `ddim` is the paper's, with 50 steps; the others need 15 to 25."""

_OF_TRAINING = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "prediction_type",
    "rescale_betas_zero_snr",
    "timestep_spacing",
    "steps_offset",
)
_PREDICTIONS = ("epsilon", "sample", "v_prediction")


def make_scheduler(name: str, trained: Any) -> Any:
    """Return a scheduler of another kind with the betas and prediction type that a model was trained with.

    Args:
        name: one of `SCHEDULERS`.
        trained: the checkpoint's own scheduler.

    Raises:
        InputError: there is no such scheduler, or it cannot be used with what the model predicts.
    """
    if name not in SCHEDULERS:
        why = "lcm needs weights that were distilled for it; " if name == "lcm" else ""
        raise InputError(f"there is no scheduler {name!r}", f"{why}use {', '.join(SCHEDULERS)}")
    kind, own = SCHEDULERS[name]
    settings = {key: trained.config[key] for key in _OF_TRAINING if key in trained.config}
    prediction = settings.get("prediction_type", "epsilon")
    if prediction not in _PREDICTIONS:
        raise InputError(
            f"the scheduler {name} cannot be used with a model that predicts {prediction!r}",
            f"it takes {', '.join(_PREDICTIONS)}",
        )
    if prediction == "epsilon" and settings.get("rescale_betas_zero_snr"):
        raise InputError(
            "a model that predicts epsilon cannot begin at a step without any signal",
            "train with v_prediction, or without zero_terminal_snr",
        )
    return kind(**settings, **own)


def scheduler_name(scheduler: Any) -> str:
    """Return the name of a scheduler in `SCHEDULERS`, or the name of its class if it has none there."""
    for name, (kind, _) in SCHEDULERS.items():
        if type(scheduler) is kind:
            return name
    return type(scheduler).__name__
