"""What the processes of `test_sharding.py` run: a training, and the same one broken off and resumed."""

import sys
from pathlib import Path

import torch

from mcbench.model.config import ModelConfig
from mcbench.model.training import train
from mcbench.model.training.loss import LossModule


def main(toml: str, clips: str, out: str) -> None:
    config = ModelConfig.load(toml)
    told = {"steps1": 2, "steps2": 1, "clips": Path(clips), "workers": 0}
    train(config, out=Path(out, "whole"), **told)
    real, calls = LossModule.forward, []

    def dies(self: LossModule, *arguments: object) -> torch.Tensor:
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        # Weights are spread: each process rests with its part of them.
        assert type(self).__name__ == "FSDPLossModule"
        return real(self, *arguments)

    LossModule.forward = dies
    try:
        train(config, out=Path(out, "broken"), **told)
    except KeyboardInterrupt:
        LossModule.forward = real
    train(config, out=Path(out, "broken"), resume=True, **told)


if __name__ == "__main__":
    main(*sys.argv[1:])
