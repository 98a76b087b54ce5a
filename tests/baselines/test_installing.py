"""Environments and clones: built once, whole or not at all, at the pinned commit and no other."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mcbench.baselines.external import environment, installing
from mcbench.baselines.external.installing import (
    find_installation,
    install,
    install_state,
    installation_folder,
)
from mcbench.baselines.spec import PythonEnvironment, Repository, Spec, WeightsFile
from mcbench.baselines.weights import find_weights, install_weights
from mcbench.errors import (
    DataMissingError,
    InputError,
    MismatchError,
    NetworkError,
    WeightsMissingError,
    WorkerError,
)
from mcbench.files import sha256_text

INSTALLS = """
import pathlib, sys
from mcbench.baselines.external.installing import install, installation_folder
from mcbench.baselines.spec import Spec
print("imported", flush=True)
sys.stdin.readline()
spec = Spec.model_validate_json(pathlib.Path(sys.argv[1]).read_text())
install(spec, source=pathlib.Path(sys.argv[2]), offline=True)
print((installation_folder(spec) / "installed.json").stat().st_mtime_ns)  # made anew, it would be another
"""
VERSION = ".".join(map(str, __import__("sys").version_info[:2]))


def wheel(folder: Path) -> Path:
    """A package that needs no index."""
    path = folder / "smallpackage-1.0-py3-none-any.whl"
    info = "smallpackage-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("smallpackage.py", "answer = 42\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: smallpackage\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def spec(**parts: object) -> Spec:
    given = {"id": "small", "display_name": "small", "description": "x", "kind": "external", **parts}
    return Spec.model_validate({"command": ("{python}", "-c", "pass"), **given})


def with_environment(*requirements: str) -> Spec:
    return spec(environment=PythonEnvironment(python=VERSION, requirements=requirements))


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def code(tmp_path: Path) -> tuple[Path, str, str]:
    """A repository, its first commit and its last."""
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init", "--quiet")
    commits = []
    for text in ("first", "second"):
        (folder / "run.py").write_text(f"print({text!r})\n", encoding="utf-8")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", text)
        commits.append(git(folder, "rev-parse", "HEAD"))
    return folder, commits[0], commits[1]


@pytest.mark.parametrize("builder", ["uv", "venv"])
def test_an_environment_is_built_once_and_found(tmp_path: Path, builder: environment.Builder) -> None:
    method = with_environment(str(wheel(tmp_path)))
    assert install_state(method).state == "not installed"
    with pytest.raises(DataMissingError) as caught:
        find_installation(method)
    assert caught.value.hint == "mcbench baselines install small"
    record = install(method, builder=builder)
    assert record is not None
    assert record.builder == builder
    assert any(line.startswith("smallpackage") for line in record.packages)
    python = find_installation(method).python
    asked = subprocess.run([python, "-c", "import smallpackage; print(smallpackage.answer)"],
                           capture_output=True, text=True, check=True)  # fmt: skip
    assert asked.stdout.strip() == "42"
    assert install(method) == record  # it is there: nothing is built again
    assert installing.remove(method) == [installation_folder(method)]
    assert install_state(method).state == "not installed"


def test_a_build_that_fails_half_way_is_recorded_and_never_trusted(tmp_path: Path) -> None:
    method = with_environment(str(tmp_path / "absent-1.0-py3-none-any.whl"))
    with pytest.raises(WorkerError, match="absent") as caught:
        install(method)
    folder = installation_folder(method)
    assert str(folder / "install.log") in caught.value.hint
    assert sorted(path.name for path in folder.iterdir()) == [
        "failed.json",
        "install.log",
        "requirements.txt",
    ]
    state = install_state(method)
    assert state.state == "failed"
    assert "absent" in state.reason
    with pytest.raises(DataMissingError, match="the last attempt failed"):
        find_installation(method)


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    method = with_environment()
    folder = installation_folder(method)
    (folder / "venv" / "bin").mkdir(parents=True)
    (folder / "venv" / "bin" / "python").write_text("half", encoding="utf-8")
    assert install_state(method).state == "not installed"
    install(method)
    assert find_installation(method).python.stat().st_size != 4


def test_two_processes_at_once_build_one_environment(tmp_path: Path, code: tuple[Path, str, str]) -> None:
    folder, first, _ = code
    method = with_environment(str(wheel(tmp_path))).model_copy(
        update={"repository": Repository(url="https://example.org/code", commit=first)}
    )
    (tmp_path / "method.json").write_text(method.model_dump_json(), encoding="utf-8")
    program = [sys.executable, "-c", INSTALLS, str(tmp_path / "method.json"), str(folder)]
    started = [
        subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for each in started:
        assert each.stdout is not None
        assert each.stdout.readline() == "imported\n"
    for each in started:  # both go on from here
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    told = [each.communicate()[0] for each in started]
    assert [each.returncode for each in started] == [0, 0]
    assert told[0] == told[1] == f"{(installation_folder(method) / 'installed.json').stat().st_mtime_ns}\n"
    assert find_installation(method).record is not None


def test_code_is_that_of_the_pinned_commit_and_no_other(tmp_path: Path, code: tuple[Path, str, str]) -> None:
    folder, first, second = code
    method = spec(repository=Repository(url="https://example.org/code", commit=first))
    install(method, source=folder, offline=True)
    clone = find_installation(method).repository
    assert clone is not None
    assert (clone / "run.py").read_text(encoding="utf-8") == "print('first')\n"
    (clone / "extra.py").write_text("evil", encoding="utf-8")
    with pytest.raises(MismatchError, match=r"extra\.py was changed or added") as caught:
        find_installation(method)
    assert caught.value.hint == "mcbench baselines install small --again"
    (clone / "extra.py").unlink()
    (clone / "run.py").write_text("evil", encoding="utf-8")
    with pytest.raises(MismatchError, match=r"run\.py was changed"):
        find_installation(method)
    git(clone, "checkout", "--quiet", "--force", second)
    with pytest.raises(MismatchError, match="is at commit"):
        find_installation(method)


def test_a_clone_that_lacks_the_commit_is_refused(tmp_path: Path, code: tuple[Path, str, str]) -> None:
    method = spec(repository=Repository(url="https://example.org/code", commit="1" * 40))
    with pytest.raises(InputError, match="no git repository that holds commit 1111"):
        install(method, source=code[0])
    with pytest.raises(NetworkError, match="mcbench is offline") as caught:
        install(method, offline=True)
    assert "--repository PATH" in caught.value.hint
    assert install_state(method).state == "failed"


def test_weights_of_another_hash_are_refused_unless_allowed(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    (folder / "nets").mkdir(parents=True)
    (folder / "nets" / "a.pth").write_text("other", encoding="utf-8")
    file = WeightsFile(name="a", path="nets/a.pth", sha256=sha256_text("published"))
    method = spec(weights=(file,))
    with pytest.raises(WeightsMissingError, match="weights of small are not here"):
        find_weights(method)
    with pytest.raises(WeightsMissingError, match=r"a\.pth is not a of small: sha256") as caught:
        install_weights(method, folder=folder)
    assert "--allow-other-weights" in caught.value.hint
    assert install_weights(method, folder=folder, allow_other=True).files[0].proof == "other"
    (folder / "nets" / "a.pth").write_text("published", encoding="utf-8")
    with pytest.raises(WeightsMissingError, match="has changed since"):
        find_weights(method)
    install_weights(method, folder=folder)
    assert find_weights(method).files[0].proof == "sha256"
    (folder / "nets" / "a.pth").unlink()
    with pytest.raises(WeightsMissingError, match="is gone"):
        find_weights(method)


def test_missing_weights_say_how_they_are_got(tmp_path: Path) -> None:
    method = spec(weights=(WeightsFile(name="a", manual="ask the authors"),))
    with pytest.raises(WeightsMissingError, match="is not in") as caught:
        install_weights(method)
    assert caught.value.hint.startswith("ask the authors; with the file in a folder run: mcbench baselines")
    with pytest.raises(InputError, match="there is no folder"):
        install_weights(method, folder=tmp_path / "absent")
