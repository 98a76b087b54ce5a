"""Methods in containers: an image is made, jobs run in it, and whatever happens no container stays.

Each test of what becomes of containers runs twice: against a stand-in of docker's command line, which starts
programs as the engine does (nobody's children) and confines nothing; and, where MCBENCH_TEST_BASE_IMAGE names
an image with Python that the engine of this machine has, against that engine:

    MCBENCH_TEST_BASE_IMAGE=python:3.11 pytest -m slow -rs tests/baselines/external/test_containers.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from mcbench.baselines.external import installing
from mcbench.baselines.external.builders import WHICH_PYTHON
from mcbench.baselines.external.containers.engine import Engine, find_engine
from mcbench.baselines.external.containers.left import NOTE
from mcbench.baselines.external.containers.record import Left
from mcbench.baselines.external.installing import find_installation, install, install_state
from mcbench.baselines.spec import PythonEnvironment, Spec, read_spec
from mcbench.baselines.weights import install_weights
from mcbench.cli import app
from mcbench.errors import DataMissingError, InputError, NetworkError, WorkerError
from tests.baselines.external.commands import client
from tests.baselines.external.test_stopping import until
from tests.baselines.test_installing import with_environment
from tests.baselines.test_runner import animate
from tests.signals import listen

pytestmark = pytest.mark.skipif(os.name != "posix", reason="containers see the paths of POSIX")

STAND_IN = Path(__file__).parent / "stand_ins" / "engine.py"
SPEC = """
id = "contained"
display_name = "contained"
description = "A method of a test."
kind = "external"
command = ["{{python}}", "{folder}/program.py", "{{reference}}", "{{output}}", "{{frames}}", "{{weights}}"]
options = {{ folder = "{folder}" }}

[environment]
python = "{version}"
variables = {{ MINE = "a b" }}

[[weights]]
name = "net"
path = "net.pth"

[limits]
minutes = 5
"""
PROGRAM = """
import os, pathlib, shutil, sys
reference, output, frames, weights = sys.argv[1:]
assert os.environ["MINE"] == "a b" and "SOME_TOKEN" not in os.environ
assert (pathlib.Path(weights) / "net.pth").read_text() == "weights"
(pathlib.Path.home() / "cache").touch()
for index in range(int(frames)):
    shutil.copy(reference, "%s/%06d.png" % (output, index))
"""
HANGS = """
import pathlib, time
(pathlib.Path.home() / "runs").touch()
time.sleep(600)
"""
ANIMATES = """
import sys
from tests.baselines.test_runner import animate
animate(sys.argv[1])
"""
CONFINED = """
import os, socket, sys
reference, output, frames, weights = sys.argv[1:]
for path in (weights, os.path.dirname(os.path.abspath(__file__))):
    try:
        open(path + "/written", "w")
    except OSError as error:
        print(error)
    else:
        sys.exit("wrote to " + path)
try:
    socket.create_connection(("192.0.2.1", 9), 5)
except OSError as error:
    print(error)
assert os.listdir("/sys/class/net") == ["lo"], os.listdir("/sys/class/net")
assert not os.path.exists({secret!r})
print("uid", os.getuid())
sys.exit(7)
"""


VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@dataclass
class Method:
    """A method whose environment is to be in a container.

    Attributes:
        folder: of its spec, its program and its weights.
        base: the image that its environment starts from.
        engine: that it is made in.
    """

    folder: Path
    base: str
    engine: Engine

    @property
    def spec(self) -> Spec:
        return read_spec(self.path)

    @property
    def path(self) -> Path:
        return self.folder / "method.toml"

    def is_now(self, program: str) -> None:
        (self.folder / "program.py").write_text(program, encoding="utf-8")

    def containers(self) -> list[str]:
        """Return the names of the containers that the engine has of this method."""
        asked = self.engine.ask("ps", "--all", "--format", "{{.Names}}")
        assert asked.returncode == 0, asked.stderr
        return [name for name in asked.stdout.split() if name.startswith("mcbench-contained-")]


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a stand-in of docker first on the path; return its only image."""
    (folder / "images" / "base").mkdir(parents=True)
    client(folder / "bin", "docker", f'exec {sys.executable} {STAND_IN} {folder} "$@"')
    client(folder / "bin", "python3", f'exec {sys.executable} "$@"')
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return "base"


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.slow)])
def method(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Method]:
    version = VERSION
    if request.param == "stand-in":
        base = stand_in(tmp_path / "engine", monkeypatch)
        engine = find_engine()
    else:
        base = os.environ.get("MCBENCH_TEST_BASE_IMAGE", "")
        if not base:
            pytest.skip("MCBENCH_TEST_BASE_IMAGE names no image with Python")
        engine = find_engine()
        which = ("run", "--rm", "--network", "none", "--entrypoint", "python3", base, *WHICH_PYTHON)
        asked = engine.ask(*which)
        assert asked.returncode == 0, asked.stderr
        version = asked.stdout.strip()
    folder = tmp_path / "method"
    (folder / "weights").mkdir(parents=True)
    (folder / "elsewhere").write_text("weights", encoding="utf-8")
    (folder / "weights" / "net.pth").symlink_to(folder / "elsewhere")
    made = Method(folder, base, engine)
    made.path.write_text(SPEC.format(folder=folder, version=version), encoding="utf-8")
    made.is_now(PROGRAM)
    install_weights(made.spec, folder=folder / "weights")
    yield made
    installing.remove(made.spec)
    assert made.containers() == []


def test_a_method_lives_in_an_image_from_install_to_remove(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    record = install(method.spec, builder="docker", base=method.base)
    assert record is not None
    assert record.image is not None
    assert (record.builder, record.image.base) == ("docker", method.base)
    assert record.image.base_id == method.engine.image_id(method.base)
    assert method.engine.image_id(record.image.name) == record.image.id
    assert install(method.spec) == record  # it is there: nothing is built again
    with pytest.raises(InputError, match="is installed already, by docker") as caught:
        install(method.spec, builder="venv")
    assert caught.value.hint == "to make it anew, add --again"
    assert len(animate(str(method.path))) == 3
    assert method.containers() == []

    method.is_now(HANGS)
    with pytest.raises(WorkerError, match=r"ended after 0\.1 minutes"):
        animate(str(method.path), limit_minutes=0.1)
    assert method.containers() == []
    method.is_now("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(WorkerError, match="killed by signal 9"):
        animate(str(method.path))
    with pytest.raises(WorkerError, match=r"took more than 0\.5 GB of memory"):
        animate(str(method.path), limit_memory_gb=0.5)

    assert method.engine.ask("image", "rm", record.image.name).returncode == 0
    with pytest.raises(DataMissingError, match=r"has the image .* no more") as gone:
        find_installation(method.spec)
    assert gone.value.hint == "mcbench baselines install contained --again --with docker"
    install(method.spec, builder="docker", base=method.base, again=True)
    assert installing.remove(method.spec) == [installing.installation_folder(method.spec)]
    assert method.engine.image_id(record.image.name) == ""


def test_the_container_of_a_killed_process_is_gone(method: Method, tmp_path: Path) -> None:
    install(method.spec, builder="docker", base=method.base)
    method.is_now(HANGS)
    jobs = tmp_path / "mcbench-home" / "baselines" / "jobs"

    def start() -> subprocess.Popen[str]:
        before = set(jobs.glob("*/runs"))
        words = [sys.executable, "-c", ANIMATES, str(method.path)]
        process = subprocess.Popen(
            words, cwd=Path(__file__).parents[3], text=True, stderr=subprocess.PIPE, preexec_fn=listen
        )
        assert until(lambda: set(jobs.glob("*/runs")) - before or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        assert len(method.containers()) == 1
        return process

    process = start()
    process.kill()
    process.communicate()
    assert until(lambda: method.containers() == [])  # by its guard
    left = start()
    guards = psutil.Process(left.pid).children(recursive=True)
    for each in [psutil.Process(left.pid), *(one for one in guards if "guard.py" in " ".join(one.cmdline()))]:
        each.kill()  # with its guards: nobody is there to remove the container
    left.communicate()
    assert len(method.containers()) == 1
    method.is_now(PROGRAM)
    assert len(animate(str(method.path))) == 3
    assert method.containers() == []
    assert list(jobs.iterdir()) == []


def test_the_command_line_installs_shows_and_removes(
    method: Method, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*words: str) -> str:
        done = CliRunner().invoke(app, ["baselines", *words])
        assert done.exit_code == 0, done.output
        return str(done.output)

    name = str(method.path)
    told = said("install", name, "--with", "docker", "--base", method.base)
    image = Left.read(installing.installation_folder(method.spec) / NOTE).image
    assert f"its environment is the image {image} of {method.engine.program}" in told
    shown = json.loads(said("show", name, "--json"))
    assert (shown["here"], shown["installed"]["image"]["name"]) == ("yes", image)
    assert image in said("show", name)
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(InputError, match=f"the image {image} cannot be removed: there is no"):
        installing.remove(method.spec)
    monkeypatch.setenv("PATH", path)
    assert method.engine.image_id(image)
    assert "removed" in said("remove", name)
    assert method.engine.image_id(image) == ""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["real"], indirect=True)
def test_a_container_sees_its_job_and_nothing_else(method: Method, tmp_path: Path) -> None:
    install(method.spec, builder="docker", base=method.base)
    secret = tmp_path / "secret"
    secret.touch()
    method.is_now(CONFINED.format(secret=str(secret)))
    with pytest.raises(WorkerError, match="exit code 7") as caught:
        animate(str(method.path))
    told = caught.value.message
    assert told.count("Read-only file system") == 2, told
    assert "Network is unreachable" in told
    assert f"uid {os.getuid()}" in told


def test_a_build_that_fails_or_was_killed_leaves_nothing(method: Method) -> None:
    wanted = method.spec.environment
    assert wanted is not None
    broken = wanted.model_copy(update={"requirements": ("/absent/package.whl",)})
    spec = method.spec.model_copy(update={"environment": broken})
    with pytest.raises(WorkerError, match="pip install failed"):
        install(spec, builder="docker", base=method.base)
    assert install_state(spec).state == "failed"
    folder = installing.installation_folder(spec)
    assert not (folder / NOTE).exists()
    assert method.engine.ask("ps", "--all").stdout.count("mcbench-install") == 0

    install(method.spec, builder="docker", base=method.base)
    there = installing.installation_folder(method.spec)
    (there / installing.READY).unlink()  # as where mcbench was killed after the image was made
    assert install_state(method.spec).state == "not installed"
    (image,) = {Left.read(there / NOTE).image}
    assert method.engine.image_id(image)
    installing.remove(method.spec)
    assert not method.engine.image_id(image)


def test_a_base_that_cannot_be_had_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path / "engine", monkeypatch)
    spec = with_environment()
    with pytest.raises(NetworkError, match=f"image docker.io/library/python:{VERSION} has to be fetched"):
        install(spec, builder="docker", offline=True)
    with pytest.raises(NetworkError, match="cannot get the image x: no registry is reached") as caught:
        install(spec, builder="docker", base="x")
    assert "--base IMAGE" in caught.value.hint
    with pytest.raises(InputError, match="--base names an image"):
        install(spec, base="x")
    old = spec.model_copy(update={"environment": PythonEnvironment(python="3.2")})
    with pytest.raises(InputError, match=r"base has Python .*, and small wants 3\.2"):
        install(old, builder="docker", base="base")
