"""Writes seeded weights in the checkpoint that FOMM, MRAA and TPS read: one state dict a network.

Run in the method's environment: `PYTHON motion_models.py METHOD REPOSITORY CONFIG FILE`, METHOD being fomm,
mraa or tps and CONFIG one of the repository's YAML files. The networks are the authors' classes at the sizes
of that file. No value is trained, so what they make is noise, but noise that depends on both pictures.
"""

import sys
from pathlib import Path


def fomm(settings: dict) -> dict:
    from modules.generator import OcclusionAwareGenerator
    from modules.keypoint_detector import KPDetector

    common = settings["common_params"]
    return {
        "generator": OcclusionAwareGenerator(**settings["generator_params"], **common),
        "kp_detector": KPDetector(**settings["kp_detector_params"], **common),
    }


def mraa(settings: dict) -> dict:
    from modules.avd_network import AVDNetwork
    from modules.bg_motion_predictor import BGMotionPredictor
    from modules.generator import Generator
    from modules.region_predictor import RegionPredictor

    sizes = {"num_regions": settings["num_regions"], "num_channels": settings["num_channels"]}
    affine = settings["estimate_affine"]
    return {
        "generator": Generator(
            **sizes, revert_axis_swap=settings["revert_axis_swap"], **settings["generator_params"]
        ),
        "region_predictor": RegionPredictor(
            **sizes, estimate_affine=affine, **settings["region_predictor_params"]
        ),
        "bg_predictor": BGMotionPredictor(
            num_channels=sizes["num_channels"], **settings["bg_predictor_params"]
        ),
        "avd_network": AVDNetwork(num_regions=sizes["num_regions"], **settings["avd_network_params"]),
    }


def tps(settings: dict) -> dict:
    from modules.avd_network import AVDNetwork
    from modules.bg_motion_predictor import BGMotionPredictor
    from modules.dense_motion import DenseMotionNetwork
    from modules.inpainting_network import InpaintingNetwork
    from modules.keypoint_detector import KPDetector

    common = settings["common_params"]
    return {
        "inpainting_network": InpaintingNetwork(**settings["generator_params"], **common),
        "kp_detector": KPDetector(**common),
        "dense_motion_network": DenseMotionNetwork(**common, **settings["dense_motion_params"]),
        "bg_predictor": BGMotionPredictor(),
        "avd_network": AVDNetwork(num_tps=common["num_tps"], **settings["avd_network_params"]),
    }


def main(method: str, repository: Path, config: str, file: Path) -> None:
    sys.path.insert(0, str(repository))
    import torch
    import yaml

    torch.manual_seed(0)
    settings = yaml.safe_load((repository / config).read_text(encoding="utf-8"))["model_params"]
    networks = {"fomm": fomm, "mraa": mraa, "tps": tps}[method](settings)
    for name, network in networks.items():
        for key, module in network.named_modules():
            # Torch's own start fades out through so many layers: every frame would be of one grey.
            # The layers of background and Jacobians stay as the authors start them, near the identity.
            if isinstance(module, torch.nn.Conv2d) and name != "bg_predictor" and key != "jacobian":
                torch.nn.init.kaiming_normal_(module.weight)
    states = {name: network.state_dict() for name, network in networks.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({**states, "epoch": 0}, file)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve(), sys.argv[3], Path(sys.argv[4]))
