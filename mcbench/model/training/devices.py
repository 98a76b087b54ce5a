"""On what a training runs: accelerate's processes and precisions, and the optimizer."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState, GradientState

from mcbench.errors import InputError
from mcbench.model.config import ModelConfig, StageConfig, TrainingConfig
from mcbench.model.training.batches import Share
from mcbench.model.training.sharding import hidden_from_accelerate, sharding_is_asked_for

_OTHER_SHARDING = {"ACCELERATE_USE_DEEPSPEED": "DeepSpeed", "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM"}


def make_accelerator(config: TrainingConfig, device: str) -> Accelerator:
    """Return what spreads the training over the processes that `accelerate launch` or `torchrun` started.

    Args:
        config: says the precision, which goes before that of accelerate's own configuration.
        device: of torch, for a training in one process; of several each takes its own.

    Raises:
        InputError: float16 without a GPU, or with sharding; 8-bit moments with sharding; or DeepSpeed or
            Megatron-LM are asked for.
    """
    for variable, name in _OTHER_SHARDING.items():
        if os.environ.get(variable, "false").lower() == "true":
            raise InputError(
                f"training under {name} is not supported: it keeps weights and moments in a form of its own, "
                "which cannot be resumed from here",
                "choose FSDP in accelerate's configuration, which spreads them too, or plain multi_gpu",
            )
    if sharding_is_asked_for() and (config.precision == "fp16" or config.optimizer == "adamw8bit"):
        raise InputError(
            "FSDP goes neither with float16's scaled gradients nor with 8-bit moments",
            'set precision = "bf16" and optimizer = "adamw" in the configuration',
        )
    if config.precision == "fp16" and not device.startswith("cuda"):
        raise InputError("fp16 needs a GPU", 'set precision = "bf16", or "no", in the configuration')
    # accelerate keeps its state for the life of a process, and refuses another precision or device.
    AcceleratorState._reset_state(reset_partial_state=not torch.distributed.is_initialized())
    GradientState._reset_state()
    if device.startswith("cuda:"):
        torch.cuda.set_device(device)
    with hidden_from_accelerate():
        return Accelerator(
            cpu=device == "cpu",
            mixed_precision=config.precision,
            # Where all clips of a process lose their reference, its ReferenceNet gets no gradient.
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        )


def process_share(accelerator: Accelerator, config: ModelConfig, number: int, stage: StageConfig) -> Share:
    """Return which part of each batch this process computes.

    Raises:
        InputError: a batch's clips cannot be divided so.
    """
    share = Share(accelerator.process_index, accelerator.num_processes, config.training.accumulation)
    wanted = {"clips": stage.clips} | ({"images": stage.images} if stage.image_batches else {})
    for name, clips in wanted.items():
        if clips % (share.processes * share.parts):
            raise InputError(
                f"{name} = {clips} of stage {number} cannot be divided among {share.processes} processes "
                f"with accumulation = {share.parts}",
                f"make it a multiple of {share.processes * share.parts}",
            )
    return share


def make_optimizer(
    config: TrainingConfig, stage: StageConfig, parameters: Sequence[torch.nn.Parameter]
) -> torch.optim.Optimizer:
    """Return the optimizer of a stage.

    Raises:
        InputError: 8-bit moments are asked for, and bitsandbytes is not installed or does not load.
    """
    rate, decay = stage.learning_rate, config.weight_decay
    if config.optimizer == "adamw":
        on_gpu = all(parameter.is_cuda for parameter in parameters)
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=on_gpu or None)
    try:
        kind = importlib.import_module("bitsandbytes").optim.AdamW8bit
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise InputError(
            f'optimizer = "adamw8bit" needs bitsandbytes, which cannot be imported: {error}',
            'pip install bitsandbytes, or set optimizer = "adamw"',
        ) from error
    optimizer: torch.optim.Optimizer = kind(parameters, lr=rate, weight_decay=decay)
    return optimizer
