"""What is checked of a score before it is sent, and again when it arrives: from the record alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from mcbench import weights
from mcbench.data.places import resolve
from mcbench.errors import McbenchError
from mcbench.estimators.pose.embedded import EMBEDDED_POSE
from mcbench.estimators.pose.registry import detector_weights
from mcbench.files import sha256_text
from mcbench.leaderboard.plausibility import doubtful, impossible
from mcbench.metrics.networks.registry import NETWORKS, weights_in_use
from mcbench.records import Part, RunRecord, ScoreRecord, SplitRecord, WeightsUse
from mcbench.scoring.protocols import PROTOCOLS
from mcbench.video import digest_frames, open_frames

_LOCAL = "local"


class Check(Part):
    """One thing that was looked at."""

    name: str
    """What it is about: `structure`, `benchmark`, `coverage`, `protocol`, `hashes`, `weights`, `changes`,
    `plausibility`, `predictions` or `recomputed`."""
    state: Literal["passed", "remark", "failed"]
    """`remark`: shown to who reviews it, but no reason to refuse it."""
    detail: str
    hint: str = ""


def check_score(record: ScoreRecord, *, home: Path | None = None) -> list[Check]:
    """Check a score record against itself, its protocol, its benchmark and the known networks.

    Args:
        record: of a run; it names model and split.
        home: mcbench's folder.
    """
    assert record.split is not None
    return [
        *_benchmark(record.split, home),
        *_coverage(record),
        *_protocol(record),
        *_weights(record, home),
        *_changes(record.environment.git_dirty, "scored"),
        *_plausibility(record),
    ]


def check_run(run: RunRecord, folder: Path, records: Mapping[str, ScoreRecord]) -> list[Check]:
    """Check that scores are those of a run, and that its frames are those that it recorded.

    Args:
        run: its record.
        folder: of the run; all frames are read.
        records: protocol -> score.
    """
    return [*_belongs(run, records), *_frames(run, folder, records), *_changes(_dirty(run), "generated")]


def _benchmark(split: SplitRecord, home: Path | None) -> Iterator[Check]:
    if split.benchmark.partition("/")[0] == _LOCAL:
        yield Check(
            name="benchmark",
            state="failed",
            detail=f"{split.name} is made of your own clips, which nobody else has",
            hint="submit runs on a benchmark: mcbench data list",
        )
        return
    try:
        expected = resolve(split.name, source=split.source, home=home).expected()
    except McbenchError as error:
        yield Check(name="benchmark", state="failed", detail=error.message, hint=error.hint)
        return
    if not expected:
        yield Check(
            name="benchmark",
            state="remark",
            detail=f"which clips {split.name} has is not known before it is prepared here",
            hint=f"mcbench data prepare {split.name}",
        )
    elif tuple(sorted(split.expected)) != tuple(sorted(expected)):
        yield Check(
            name="benchmark",
            state="failed",
            detail=f"its {len(split.expected)} videos are not the {len(expected)} of {split.name}",
            hint="run and score the whole split with this mcbench",
        )
    else:
        yield Check(name="benchmark", state="passed", detail=f"the {len(expected)} videos of {split.name}")


def _coverage(record: ScoreRecord) -> Iterator[Check]:
    coverage = record.coverage
    counts = (
        f"{coverage.videos_scored}/{coverage.videos_expected} videos, "
        f"{coverage.frames_scored}/{coverage.frames_expected} frames"
    )
    if coverage.complete:
        yield Check(name="coverage", state="passed", detail=counts)
    else:
        yield Check(
            name="coverage",
            state="remark",
            detail=f"incomplete ({counts}): it will be listed, but not ranked",
            hint="finish the run: the same mcbench run again, then mcbench score",
        )


def _protocol(record: ScoreRecord) -> Iterator[Check]:
    known = PROTOCOLS.get(record.protocol)
    again = "score it again with this mcbench"
    if known is None:
        yield Check(
            name="protocol", state="failed", detail=f"no protocol is called {record.protocol!r}", hint=again
        )
    elif known.sha256 != record.protocol_sha256:
        yield Check(
            name="protocol",
            state="failed",
            detail=f"its settings of {record.protocol} are not those of this mcbench",
            hint=again,
        )
    else:
        keys = {metric.partition("@")[0] for metric in (*record.metrics, *record.unavailable)} - _keys_of(
            record.protocol
        )
        if keys:
            yield Check(
                name="protocol",
                state="failed",
                detail=f"{record.protocol} has no metric {sorted(keys)[0]!r}",
                hint=again,
            )
        else:
            yield Check(name="protocol", state="passed", detail=f"{record.protocol}, settings as here")


def _keys_of(protocol: str) -> set[str]:
    known = PROTOCOLS[protocol]
    keys = {one.key for one in known.frame_metrics} | {one.key for one in known.people_metrics}
    return keys | {one.key for one in known.distribution_metrics}


def _weights(record: ScoreRecord, home: Path | None) -> Iterator[Check]:
    """Say which networks are known to be the files meant; what nothing proves is named, not passed over."""
    known: list[str] = []
    unknown: list[str] = []
    for use in sorted(record.weights.values(), key=lambda use: use.name):
        meant = _proves(use)
        if meant is False:
            yield Check(
                name="weights",
                state="failed",
                detail=f"{use.name} was another file ({use.sha256[:12]}) than the one meant",
                hint=f"mcbench weights verify {use.name}, then score again",
            )
            return
        ours = meant is True or _ships(use) or _was_proved_here(use, home)
        (known if ours else unknown).append(use.name)
    if not record.weights:
        yield Check(name="weights", state="passed", detail="no network took part in it")
        return
    detail = f"{len(known)} of {len(record.weights)} networks are known to be the files meant"
    if known and unknown:
        detail += f" ({', '.join(known)})"
    if unknown:
        detail += f"; nothing on this machine proves {', '.join(unknown)}"
    yield Check(name="weights", state="remark" if unknown else "passed", detail=detail)


def _proves(use: WeightsUse) -> bool | None:
    """Return whether a file is the one that the catalogue means; None where its sha256 alone cannot tell."""
    try:
        checks = weights.entry(use.name).checks
    except McbenchError:
        return None
    if not checks or any(check.kind not in ("sha256", "sha256-start") for check in checks):
        return None
    return any(use.sha256.startswith(check.digest) for check in checks)


def _ships(use: WeightsUse) -> bool:
    """Return whether it is a file that comes in mcbench's own package."""
    if use.name == EMBEDDED_POSE:
        return detector_weights(EMBEDDED_POSE) == use
    name = use.name.partition("@")[0]
    return name in NETWORKS and NETWORKS[name].family == "embedded" and weights_in_use(name) == use


def _was_proved_here(use: WeightsUse, home: Path | None) -> bool:
    """Return whether this very file lies here and passed its check when it came in."""
    return any(
        state.installed.sha256 == use.sha256 and state.installed.proof != "unverified"
        for state in weights.states(home)
        if state.entry.name == use.name and state.installed is not None
    )


def _changes(dirty: bool | None, what: str) -> Iterator[Check]:
    if dirty is False:
        yield Check(name="changes", state="passed", detail=f"{what} by committed code")
        return
    detail = f"it was {what} with uncommitted changes" if dirty else f"it was {what} outside a git checkout"
    yield Check(
        name="changes",
        state="failed" if dirty else "remark",
        detail=detail,
        hint=f"commit them, and have it {what} again; or submit with --allow-dirty" if dirty else "",
    )


def _plausibility(record: ScoreRecord) -> Iterator[Check]:
    problems = impossible(record)
    for problem in problems:
        yield Check(name="plausibility", state="failed", detail=problem, hint="score the run again")
    for doubt in doubtful(record):
        yield Check(name="plausibility", state="remark", detail=doubt)
    if not problems:
        yield Check(name="plausibility", state="passed", detail="no number that its metric cannot have")


def _belongs(run: RunRecord, records: Mapping[str, ScoreRecord]) -> Iterator[Check]:
    for protocol, record in records.items():
        if record.split != run.split or record.model != run.model:
            yield Check(
                name="structure",
                state="failed",
                detail=f"the score under {protocol} is of another run",
                hint="score the run again",
            )
            return
    yield Check(name="structure", state="passed", detail=f"{len(records)} score(s) of this run")


def _frames(run: RunRecord, folder: Path, records: Mapping[str, ScoreRecord]) -> Iterator[Check]:
    again = "run the same mcbench run again, then mcbench score"
    digests: dict[str, str] = {}
    for result in run.videos:
        if result.status != "done":
            continue
        source = open_frames(folder / "frames" / result.video)
        digests[result.video] = digest_frames(source)
        if digests[result.video] != result.frames_sha256:
            yield Check(
                name="hashes",
                state="failed",
                detail=f"the frames of {result.video} are not those that the run made",
                hint=again,
            )
            return
    for protocol, record in records.items():
        scored = sorted(record.original_sizes)
        text = "".join(f"{name} {digests.get(name)}\n" for name in scored)
        if sha256_text(text) != record.predictions_sha256:
            yield Check(
                name="hashes",
                state="failed",
                detail=f"the score under {protocol} is of other frames than those in {folder}",
                hint="mcbench score",
            )
            return
    yield Check(
        name="hashes", state="passed", detail=f"the frames of {len(digests)} videos, and their scores"
    )


def _dirty(run: RunRecord) -> bool | None:
    return run.environment.git_dirty
