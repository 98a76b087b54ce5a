"""Which engine of containers is found, and what containers are shown and told; no container is started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mcbench.baselines.external.containers.engine import Engine, find_engine
from mcbench.baselines.external.containers.mounts import mounts, named_in, targets
from mcbench.baselines.external.containers.record import ContainerImage
from mcbench.baselines.external.containers.running import Container, in_container
from mcbench.baselines.external.installing import install, install_state
from mcbench.baselines.external.variables import container_builder_variables, container_variables
from mcbench.errors import InputError
from tests.baselines.external.commands import client
from tests.baselines.test_installing import with_environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="containers see the paths of POSIX")

SILENT = (
    "echo 'Cannot connect to the Docker daemon at unix:///x.' >&2; echo '{\"ServerVersion\":\"\"}'; exit 1"
)


def test_an_engine_that_is_absent_or_silent_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    (tools / "sh").symlink_to("/bin/sh")
    with pytest.raises(InputError, match="no docker or podman on this machine"):
        install(with_environment(), builder="docker")
    assert install_state(with_environment()).state == "not installed"
    client(tools, "docker", SILENT)
    with pytest.raises(
        InputError, match="docker is here, and no engine answers it: Cannot connect"
    ) as caught:
        find_engine()
    assert "systemctl start docker" in caught.value.hint
    client(tools, "podman", """echo '{"host": {"security": {"rootless": true}}}'""")
    assert (find_engine().program, find_engine().users) == ("podman", "rootless")
    with pytest.raises(InputError, match="no engine answers"):
        find_engine("docker")


def test_the_client_of_this_machine_without_an_engine_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shutil.which("docker")
    if found is None:
        pytest.skip("there is no docker on this machine")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'absent.sock'}")
    with pytest.raises(InputError, match="docker is here, and no engine answers it") as caught:
        find_engine("docker")
    assert "absent.sock" in caught.value.message


ME = f"{os.getuid()}:{os.getgid()}"


@pytest.mark.parametrize(
    ("info", "options", "gpus"),
    [
        ('{"ServerVersion": "28", "SecurityOptions": ["name=seccomp"]}', ["--user", ME], "--gpus"),
        ('{"ServerVersion": "28", "SecurityOptions": ["name=rootless"]}', ["--user", "0:0"], "--gpus"),
        (
            '{"ServerVersion": "28", "SecurityOptions": ["name=userns"]}',
            ["--userns", "host", "--user", ME],
            "--gpus",
        ),
        ('{"host": {"security": {"rootless": false}}}', ["--user", ME], "--device"),
        ('{"host": {"security": {"rootless": true}}}', ["--userns", "keep-id", "--user", ME], "--device"),
    ],
)  # fmt: skip
def test_the_caller_owns_what_a_container_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, info: str, options: list[str], gpus: str
) -> None:
    client(tmp_path / "bin", "docker", f"echo '{info}'")  # podman, too, may be called docker
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    engine = find_engine()
    assert not engine.limits_memory
    assert engine.as_caller() == options
    assert engine.with_gpus()[0] == gpus


def test_a_limit_that_the_engine_would_not_keep_is_refused(tmp_path: Path) -> None:
    engine = Engine("podman", "podman", "podman", "rootless", limits_memory=False)
    image = ContainerImage(engine="podman", name="x", id="x", base="x", base_id="x")
    with (
        pytest.raises(InputError, match="podman cannot limit the memory"),
        in_container(
            Container(engine, image), ["x"], folder=tmp_path, read=(), environment={}, gpus=False, memory_gb=1
        ),
    ):
        pass


def test_what_a_container_is_shown_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd, link = tmp_path / "a, b", tmp_path / "link"
    odd.mkdir()
    link.symlink_to(odd)
    assert mounts([odd, tmp_path, odd], [tmp_path]) == [
        "--mount", f"type=bind,source={tmp_path},target={tmp_path}",
        "--mount", f'type=bind,"source={odd}","target={odd}",readonly',
    ]  # fmt: skip
    assert targets([link, odd]) == [odd]
    assert named_in([f"{tmp_path} x", "/", "relative", "/absent", f"p @ file://{link}"]) == [tmp_path, link]
    for name, value in {
        "PATH": "/x", "HOME": "/x", "HTTPS_PROXY": "http://user:word@x", "PIP_INDEX_URL": "https://user:word@x",
        "CUDA_HOME": "/x", "CUDA_VISIBLE_DEVICES": "1", "DOCKER_HOST": "unix:///x", "SOME_TOKEN": "x",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    given = container_variables({"MINE": "1"})
    assert (given["CUDA_VISIBLE_DEVICES"], given["MINE"]) == ("1", "1")
    secret = {"PATH", "HOME", "HTTPS_PROXY", "PIP_INDEX_URL", "CUDA_HOME", "DOCKER_HOST", "SOME_TOKEN"}
    assert not secret & set(given)
    assert secret & set(container_builder_variables({})) == {"HTTPS_PROXY", "PIP_INDEX_URL"}
