"""Ask every web address in the project's documents, manifests and leaderboard whether it still answers.

    .venv/bin/python .github/check_pages.py [FOLDER]

Prints a line for each address that does not answer as it should. Exit code 1 if a server says that it is gone
or there is no such server; a busy server, a login or no network at all is told, but is no failure.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ADDRESS = re.compile(r"https?://[^\s<>\"'`()\[\]{}|\\]+")
_SUFFIXES = (".md", ".toml", ".json", ".cff", ".csv")
_NO_PAGES = ("example.org", "example.com", "127.0.0.1", "localhost", "HOST")
_GONE = {404, 410}
_SECONDS = 20


def addresses(texts: Iterable[str]) -> list[str]:
    """Return the addresses in texts, each once, sorted, without the sign that ends a sentence after them."""
    found = {match.rstrip(".,;:*~") for text in texts for match in ADDRESS.findall(text)}
    pages = [one for one in found if not any(name in one.split("/")[2] for name in _NO_PAGES)]
    return sorted(one for one in pages if "." in one.split("/")[2] and not one.endswith("="))


def state(address: str) -> tuple[str, str]:
    """Return (`present`, `gone` or `unknown`, why) of an address."""
    request = urllib.request.Request(address, headers={"User-Agent": "mcbench-links", "Range": "bytes=0-0"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return "present", str(answer.status)
    except urllib.error.HTTPError as error:
        return ("gone" if error.code in _GONE else "unknown"), f"{error.code} {error.reason}"
    except urllib.error.URLError as error:
        no_host = isinstance(error.reason, socket.gaierror) and error.reason.errno == socket.EAI_NONAME
        return ("gone" if no_host else "unknown"), str(error.reason)
    except (OSError, ValueError) as error:
        return "unknown", str(error)


def tracked(folder: Path) -> list[Path]:
    """Return the tracked files whose addresses a reader may follow; tests have addresses of their own."""
    listing = subprocess.run(
        ["git", "-C", str(folder), "ls-files", "-z"], check=True, capture_output=True, text=True
    )
    names = [name for name in listing.stdout.split("\0") if name.endswith(_SUFFIXES)]
    return [folder / name for name in names if not name.startswith("tests/")]


def main(arguments: Sequence[str]) -> int:
    """Check the addresses of a folder; return the exit code."""
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[1]
    found = addresses(path.read_text(encoding="utf-8") for path in tracked(folder))
    with ThreadPoolExecutor(8) as pool:
        states = dict(zip(found, pool.map(state, found), strict=True))
    present = sum(what == "present" for what, _ in states.values())
    if not present:
        print(f"none of {len(found)} addresses answers: there seems to be no network")
        return 0
    for address, (what, why) in states.items():
        if what != "present":
            print(f"{what}\t{why}\t{address}")
    gone = sum(what == "gone" for what, _ in states.values())
    print(f"{len(found)} addresses: {present} present, {gone} gone, {len(found) - present - gone} unknown")
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
