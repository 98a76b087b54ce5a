"""Stands in for the command line of docker and its engine, for tests of what becomes of containers.

What it starts is no child of its own, as with the engine: killing the one that called it does not end it. It
confines nothing. `python engine.py STATE COMMAND ...` keeps images and containers as folders and files below
STATE; what an image has below /opt/method is a folder there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

INSIDE = "/opt/method"
WITH_VALUE = {
    "--name", "--pull", "--network", "--user", "--security-opt", "--workdir", "--mount", "--entrypoint",
    "--env", "--cap-drop", "--shm-size", "--memory", "--memory-swap", "--gpus", "--change", "--format",
}  # fmt: skip


def parsed(words: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the options, each with all of its values, and what follows them."""
    options: dict[str, list[str]] = {}
    while words and words[0].startswith("--"):
        name = words.pop(0)
        options.setdefault(name, []).append(words.pop(0) if name in WITH_VALUE else "")
    return options, words


class Engine:
    """The images and containers of one folder."""

    def __init__(self, state: Path) -> None:
        self.images, self.containers = state / "images", state / "containers"
        for folder in (self.images, self.containers):
            folder.mkdir(exist_ok=True)

    def image(self, name: str) -> Path:
        """Return the folder of an image, by its name or its id."""
        return self.images / name.removeprefix("sha256:").replace("/", "%")

    def run(self, words: list[str]) -> int:
        """Start a container; wait for it unless it is to be left alone."""
        options, (image, *arguments) = parsed(words)
        here = self.containers / options["--name"][0]
        if not self.image(image).is_dir():
            print(f"no such image: {image}", file=sys.stderr)
            return 125
        try:
            shutil.copytree(self.image(image), here, symlinks=True)
        except FileExistsError:
            print(f"the name {here.name} is in use", file=sys.stderr)
            return 125
        program = [*options["--entrypoint"], *arguments]
        given = dict(word.split("=", 1) for word in options.get("--env", ()))
        environment = {"PATH": os.environ["PATH"], **given}
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                self.contained(here, program, environment, options["--workdir"][0])
            os._exit(0)
        os.wait()
        if "--detach" in options:
            return 0
        while here.is_dir():
            if (here / "code").is_file():
                code = int((here / "code").read_text())
                shutil.rmtree(here)
                return code
            time.sleep(0.05)
        return 137

    def contained(self, here: Path, program: list[str], environment: dict[str, str], folder: str) -> None:
        """Run a container's program, in a session that nobody waits for."""
        (here / "pid").write_text(str(os.getpgid(0)))
        words = [word.replace(INSIDE, str(here / "method")) for word in program]
        code = subprocess.run(words, env=environment, cwd=folder, check=False).returncode
        (here / "code.partial").write_text(str(code if code >= 0 else 128 - code))
        (here / "code.partial").rename(here / "code")
        os._exit(0)

    def exec(self, words: list[str]) -> int:
        """Run a program in a container."""
        _, (name, *program) = parsed(words)
        here = str(self.containers / name / "method")
        if program[1:3] == ["-m", "venv"]:
            program[3:3] = ["--without-pip", "--system-site-packages"]  # to copy pip would take long
        return subprocess.run([word.replace(INSIDE, here) for word in program], check=False).returncode

    def commit(self, words: list[str]) -> int:
        """Make an image of a container."""
        _, (name, tag) = parsed(words)
        unneeded = shutil.ignore_patterns("pid")
        shutil.copytree(self.containers / name, self.image(tag), symlinks=True, ignore=unneeded)
        return 0

    def rm(self, words: list[str]) -> int:
        """Kill a container and forget it."""
        here = self.containers / parsed(words)[1][0]
        if (here / "pid").is_file():
            os.killpg(int((here / "pid").read_text()), signal.SIGKILL)
        shutil.rmtree(here, ignore_errors=True)
        return 0

    def of_images(self, words: list[str]) -> int:
        """Tell of an image, or remove it."""
        what, *rest = words
        (name,) = parsed(rest)[1]
        if not self.image(name).is_dir():
            print(f"no such image: {name}", file=sys.stderr)
            return 1
        if what == "inspect":
            print(f"sha256:{name.replace('/', '%')}")
        else:
            shutil.rmtree(self.image(name))
        return 0


def main() -> int:
    """Do what the command line says."""
    engine, (command, *words) = Engine(Path(sys.argv[1])), sys.argv[2:]
    if command == "info":
        print(json.dumps({"ServerVersion": "stand-in", "SecurityOptions": [], "MemoryLimit": True}))
        return 0
    if command == "ps":
        print("\n".join(folder.name for folder in engine.containers.iterdir()))
        return 0
    if command == "pull":
        print("no registry is reached", file=sys.stderr)
        return 1
    known = {
        "run": engine.run, "exec": engine.exec, "commit": engine.commit, "rm": engine.rm,
        "image": engine.of_images,
    }  # fmt: skip
    return known[command](words)


if __name__ == "__main__":
    sys.exit(main())
