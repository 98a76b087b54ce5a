"""Link rot: which addresses of a source still give their file, and what is lost with those that do not.

```
HOME/links/BENCHMARK/SOURCE.json    what came of the last check
```
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from mcbench.data.fetching import refuse_without_files, wanted_files
from mcbench.data.places import Target, resolve_source
from mcbench.downloads import (
    DEFAULT_SETTINGS,
    DownloadSettings,
    LinkState,
    RemoteFile,
    check_link,
    is_offline,
)
from mcbench.errors import InputError, NetworkError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Part, Record, now

FileState = Literal["present", "dead", "unknown", "manual"]


class FileLinks(Part):
    """One file and the state of each of its addresses."""

    file: str
    links: tuple[LinkState, ...]
    """In the order of the mirrors; empty where only a person can get the file."""
    manual: str = ""
    """How a person gets it."""

    @property
    def state(self) -> FileState:
        """`present`: one address gives the file; `dead`: none does; `unknown`: one could not be told."""
        if not self.links:
            return "manual"
        states = {link.state for link in self.links}
        if "present" in states:
            return "present"
        return "unknown" if "unknown" in states else "dead"


class LinkReport(Record):
    """`SOURCE.json`: what came of checking the addresses of a source."""

    benchmark: str
    source: str
    checked: str
    """UTC time."""
    files: tuple[FileLinks, ...]

    def with_state(self, state: FileState) -> tuple[FileLinks, ...]:
        """Return the files of one state."""
        return tuple(file for file in self.files if file.state == state)


def check_links(
    name: str,
    *,
    source: str | None = None,
    jobs: int = 8,
    offline: bool | None = None,
    home: Path | None = None,
    settings: DownloadSettings = DEFAULT_SETTINGS,
    progress: Progress | None = None,
) -> LinkReport:
    """Ask every address of a source whether it still gives its file, download nothing, and keep the report.

    Addresses that stand in a list or a table are checked once that list or table is here.

    Args:
        name: BENCHMARK, BENCHMARK/SUBSET or the path of a manifest.
        source: name of the source; the benchmark's default one if None.
        jobs: addresses at a time.
        offline: as `--offline`.
        home: mcbench's home folder.
        settings: times and the addresses of the sites behind schemes.
        progress: how to report.

    Raises:
        InputError: unknown names, or the source has no address.
        NetworkError: offline, by an option or since no host at all was found.
    """
    target = resolve_source(name, source=source, home=home)
    refuse_without_files(target)
    if is_offline(offline):
        raise NetworkError(
            "links cannot be checked offline", "leave out --offline, and unset MCBENCH_OFFLINE"
        )
    if jobs < 1:
        raise InputError(f"--jobs is {jobs}, and must be at least 1")
    wanted = wanted_files(target, also_refused=True)
    shown = progress or SilentProgress()
    shown.start(f"checking links of {target.benchmark}", sum(len(file.urls) for file in wanted))
    urls = [url for file in wanted for url in file.urls]
    states: dict[str, LinkState] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for state in pool.map(lambda url: check_link(url, settings=settings), urls):
            states[state.url] = state
            shown.advance()
    if states and all(state.state == "dead" for state in states.values()):
        raise NetworkError(
            f"no host of {target.benchmark}'s {len(states)} addresses was found",
            "is this machine connected? nothing was recorded",
        )
    report = LinkReport(
        benchmark=target.benchmark,
        source=target.source_name,
        checked=now(),
        files=tuple(_file_links(file, states) for file in wanted),
    )
    report.write(_path(target))
    return report


def last_report(target: Target) -> LinkReport | None:
    """Return what the last check of a source found, or None if there was none.

    Raises:
        FileFormatError: the report is damaged.
    """
    path = _path(target)
    return LinkReport.read(path) if path.exists() else None


def _file_links(file: RemoteFile, states: dict[str, LinkState]) -> FileLinks:
    return FileLinks(file=file.name, links=tuple(states[url] for url in file.urls), manual=file.manual)


def _path(target: Target) -> Path:
    return target.home / "links" / target.benchmark / f"{target.source_name}.json"
