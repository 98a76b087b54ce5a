import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.errors import InputError
from mcbench.model.pipeline import AnimationPipeline
from mcbench.model.schedulers import SCHEDULERS, make_scheduler, scheduler_name


def _trained(prediction: str, *, zero_snr: bool) -> DDIMScheduler:
    return DDIMScheduler(
        prediction_type=prediction,
        rescale_betas_zero_snr=zero_snr,
        timestep_spacing="trailing",
        clip_sample=False,
    )


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize(
    ("prediction", "zero_snr"),
    [
        ("sample", True),
        ("sample", False),
        ("v_prediction", True),
        ("v_prediction", False),
        ("epsilon", False),
    ],
)
@pytest.mark.parametrize("steps", [1, 5])
def test_a_model_that_is_right_is_followed_to_the_sample(
    name: str, prediction: str, zero_snr: bool, steps: int
) -> None:
    """With a model that knows the clean sample, every scheduler must end on it."""
    trained = _trained(prediction, zero_snr=zero_snr)
    scheduler = make_scheduler(name, trained)
    assert scheduler_name(scheduler) == name
    assert torch.allclose(scheduler.betas, trained.betas)
    scheduler.set_timesteps(steps)
    draw = torch.Generator().manual_seed(0)
    clean = torch.randn(1, 4, 3, 2, 2, generator=draw)
    latents = torch.randn(clean.shape, generator=draw) * scheduler.init_noise_sigma
    for index, timestep in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(latents, timestep)
        if name == "euler":
            sigma = scheduler.sigmas[index]
            signal, spread = 1 / (sigma**2 + 1) ** 0.5, sigma / (sigma**2 + 1) ** 0.5
        else:
            signal = scheduler.alphas_cumprod[int(timestep)] ** 0.5
            spread = (1 - scheduler.alphas_cumprod[int(timestep)]) ** 0.5
        noise = (scaled - signal * clean) / spread
        told = {"sample": clean, "epsilon": noise, "v_prediction": signal * noise - spread * clean}
        latents = scheduler.step(told[prediction], timestep, latents, return_dict=False)[0]
    assert torch.allclose(latents, clean, atol=0.02)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_pipeline_runs_with_each(
    pipeline: AnimationPipeline, reference: NDArray[np.uint8], poses: Poses, name: str
) -> None:
    own = pipeline(reference, poses, steps=3).frames
    pipeline.scheduler = make_scheduler(name, pipeline.scheduler)
    frames = pipeline(reference, poses, steps=3).frames
    assert np.array_equal(frames, pipeline(reference, poses, steps=3).frames)
    assert np.array_equal(frames, own) == (name == "ddim")


def test_others_are_refused() -> None:
    trained = _trained("sample", zero_snr=True)
    with pytest.raises(InputError, match="no scheduler 'lcm'") as caught:
        make_scheduler("lcm", trained)
    assert "distilled" in caught.value.hint
    with pytest.raises(InputError, match="'ddpm'"):
        make_scheduler("ddpm", trained)
    with pytest.raises(InputError, match="epsilon"):
        make_scheduler("euler", _trained("epsilon", zero_snr=True))
    odd = DDIMScheduler()
    odd.register_to_config(prediction_type="flow")
    with pytest.raises(InputError, match="predicts 'flow'"):
        make_scheduler("euler", odd)
