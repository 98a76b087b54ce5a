"""How a configuration trains."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mcbench.model.config.section import Positive, Section, Share
from mcbench.records import Size


class StageConfig(Section):
    """One stage of training."""

    steps: Positive
    clips: Positive
    """Clips, each with its own reference, in a batch (of all processes and all its parts together)."""
    frames: Positive
    """Frames of each clip: apart in time in stage 1, in a row in stage 2."""
    learning_rate: Annotated[float, Field(gt=0)]
    final_learning_rate: Annotated[float, Field(gt=0)]
    warmup_steps: Annotated[int, Field(ge=0)] = 50
    in_a_row: bool = False
    """Whether the frames follow each other, as temporal layers need, or lie anywhere in the clip."""
    temporal_only: bool = False
    """Whether only the temporal layers learn (Animate Anyone's stage 2), or everything."""
    crop: Size | None = None
    """Train on crops of this size that hold a person, or on whole frames."""
    image_batches: Share = 0.0
    """Probability that a step trains on single frames from anywhere instead (joint image-video training)."""
    images: Positive = 8
    """Clips of which such a step takes one frame each."""


class TrainingConfig(Section):
    """Both stages and what they share."""

    stage1: StageConfig
    stage2: StageConfig
    weight_decay: float = 0.01
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    ema_decay: Share = 0.995
    background_weight: Annotated[float, Field(ge=0)] = 0.3
    """Weight in the loss of pixels where nobody is nor was, against 1 elsewhere."""
    drop_reference: Share = 0.05
    """Share of clips trained without reference and image tokens: guidance compares with those."""
    drop_guider: dict[str, Share] = Field(default_factory=dict)
    """Share of clips trained without a guider's features, each guider by itself."""
    terminal_share: Share = 0.0
    """Share of clips trained at the last timestep, pure noise: all that sampling in one step sees."""
    perceptual_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the LPIPS (AlexNet) of decoded estimates, added to the loss. It flatters a model's LPIPS."""
    texture_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of how far decoded estimates are from the truth in their amount of fine detail (ours)."""
    picture_warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Steps of stage 1 in which the two weights above rise from 0, by their square. Random networks make
    pictures worse than their first guess, and would first learn to add nothing to it."""
    loss: Literal["huber", "mse"] = "huber"
    """Of the scheduler's target: Huber in units of `loss_delta`, or the squared error."""
    loss_delta: Annotated[float, Field(gt=0)] = 0.1
    """Error at which the Huber loss goes over from squared to absolute."""
    min_snr_gamma: Annotated[float, Field(gt=0)] | None = None
    """Min-SNR weights of the timesteps with this gamma (5 is usual); None weighs all the same."""
    noise_offset: Annotated[float, Field(ge=0)] = 0.0
    """Strength of noise that is the same all over a channel of a frame, added to the usual noise."""
    optimizer: Literal["adamw", "adamw8bit"] = "adamw"
    """`adamw8bit` keeps its moments in 8 bits and needs bitsandbytes."""
    precision: Literal["no", "bf16", "fp16"] = "no"
    """Mixed precision: weights stay in float32, most arithmetic is done in this."""
    accumulation: Positive = 1
    """Parts that a process computes its batch in, one after the other."""
    gradient_checkpointing: bool = False
    """Compute activations again on the way back instead of keeping them: slower, and much less memory."""
    validate_every: Annotated[int, Field(ge=0)] = 500
    """Steps between validations on clips that are never trained on (and one after the last step); 0: none."""
    validation_clips: Positive = 2
    validation_frames: Annotated[int, Field(ge=2)] = 8
    """Frames of each, spread over its beginning, the first being the reference."""
    best_by: Literal["l1", "psnr", "ssim", "lpips"] = "l1"
    """Which number of the validation decides which checkpoint is the best one."""
    checkpoint_every: Positive = 200
    clips_at_start: Positive = 64
    """Training clips in use at the first step; of generated clips alone."""
    new_clips_per_step: Annotated[float, Field(ge=0)] = 0.25
    """How fast clips that were never seen are brought in; the generator never runs out."""
