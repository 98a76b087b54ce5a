"""The same numbers to the last bit in any process, batch, number of threads and order, cached or not."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mcbench import data, weights
from mcbench.errors import WeightsMissingError
from mcbench.records import ScoreRecord
from mcbench.runs import RunRequest, run_model
from mcbench.scoring import Compute, find_runs, score_run, score_runs
from mcbench.scoring import networks as scoring_networks
from mcbench.scoring.cache import ScoreCache, cache_folder
from mcbench.scoring.engine import MapJobs
from mcbench.scoring.jobs import VideoOutcome, VideoScoreJob, score_video

PROTOCOLS = ("disco/2", "mcbench/1", "people/1")
MANIFEST = """
id = "small"
title = "Three short clips"
default_source = "generated"

[sources.generated]
kind = "generated"
networks = "embedded"
size = [168, 120]
generator_version = 1
max_frames = 17

[sources.generated.subsets.default]
clips = ["demo-01", "demo-02", "demo-03"]
videos = 3
frames = 51
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two models on three small clips that are made."""
    folder = tmp_path_factory.mktemp("same")
    (folder / "home" / "manifests").mkdir(parents=True)
    (folder / "home" / "manifests" / "small.toml").write_text(MANIFEST)
    assert data.prepare("small", home=folder / "home").complete
    for model in ("copy-reference", "warp"):
        run_model(RunRequest(model=model, split="small", out=folder / "results", home=folder / "home"))
    return folder


def _score(place: Path, **options: Any) -> ScoreRecord:
    """Return one record that holds the values of all protocols under keys of their own."""
    compute = Compute(**{"cache": False, "threads": 1} | options.pop("compute", {}))
    run = find_runs(place / "results")[-1]
    return _joined(score_run(run, protocols=PROTOCOLS, home=place / "home", compute=compute, **options))


def _joined(records: Sequence[ScoreRecord]) -> ScoreRecord:
    metrics = {f"{one.protocol} {key}": value for one in records for key, value in one.metrics.items()}
    slices = {f"{one.protocol} {key}": value for one in records for key, value in one.slices.items()}
    first = records[0]
    return first.model_copy(
        update={"metrics": metrics, "slices": slices, "environment": _without_place(first), "created": ""}
    )


def _without_place(record: ScoreRecord) -> Any:
    return record.environment.model_copy(update={"git_dirty": None})


@pytest.fixture(scope="module")
def alone(place: Path) -> ScoreRecord:
    """One process, one thread, one frame at a time, nothing from a cache."""
    return _score(place)


def test_the_scores_hold_what_they_should(alone: ScoreRecord) -> None:
    keys = set(alone.metrics)
    assert {"disco/2 psnr", "disco/2 fvd@embedded", "mcbench/1 kid@embedded", "people/1 iaa"} <= keys
    assert "people/1 oks@embedded" in keys
    assert "people/1 overlap" in alone.slices or "people/1 no-overlap" in alone.slices
    assert all(math.isfinite(value.value) for value in alone.metrics.values())


@pytest.mark.parametrize(
    "compute",
    [
        {"threads": 3},
        {"batch": 5},
        {"threads": 2, "batch": 4},
        {"workers": 2},
    ],
    ids=str,
)
def test_threads_batches_and_processes_change_nothing(
    place: Path, alone: ScoreRecord, compute: dict[str, int]
) -> None:
    assert _score(place, compute=compute) == alone


def test_the_order_of_jobs_changes_nothing(place: Path, alone: ScoreRecord) -> None:
    def backwards(
        function: Callable[[VideoScoreJob], VideoOutcome], jobs: Sequence[VideoScoreJob]
    ) -> Iterator[VideoOutcome]:
        return map(function, reversed(jobs))

    assert _score(place, map_jobs=backwards) == alone


def test_the_values_of_each_person_lie_beside_the_record(place: Path, alone: ScoreRecord) -> None:
    scores = find_runs(place / "results")[-1] / "scores"
    lines = [json.loads(line) for line in (scores / "people-1.people.jsonl").read_text().splitlines()]
    assert len(lines) == 51
    by_frame = [json.loads(line) for line in (scores / "people-1.frames.jsonl").read_text().splitlines()]
    for each, frame in zip(lines, by_frame, strict=True):
        known = [value for value in each["person_psnr"] if value is not None]
        assert len(known) == each["visible"]
        assert frame["person_psnr"] == pytest.approx(sum(known) / len(known))
    assert not (scores / "disco-2.people.jsonl").exists()


def test_a_job_is_plain_values(place: Path, alone: ScoreRecord) -> None:
    def through_json(
        function: Callable[[VideoScoreJob], VideoOutcome], jobs: Sequence[VideoScoreJob]
    ) -> Iterator[VideoOutcome]:
        return (function(VideoScoreJob.model_validate_json(job.model_dump_json())) for job in jobs)

    assert _score(place, map_jobs=through_json) == alone


def test_runs_scored_together_read_as_alone(place: Path, alone: ScoreRecord) -> None:
    runs = find_runs(place / "results")
    found = score_runs(
        runs, protocols=PROTOCOLS, home=place / "home", compute=Compute(cache=False, threads=2)
    )
    assert _joined(found[runs[-1]]) == alone
    assert _joined(found[runs[0]]) != alone


def test_the_cache_changes_nothing_and_the_second_time_no_network_runs(
    place: Path, alone: ScoreRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _score(place, compute={"cache": True}) == alone

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a network was loaded")

    for name in ("load_network", "load_lpips", "load_detector"):
        monkeypatch.setattr(scoring_networks, name, refuse)
    assert _score(place, compute={"cache": True}) == alone
    ScoreCache(cache_folder(place / "home")).prune(0)
    with pytest.raises(AssertionError, match="a network was loaded"):
        _score(place, compute={"cache": True})


def test_a_second_method_runs_no_network_on_the_truth(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = find_runs(place / "results")
    ScoreCache(cache_folder(place / "home")).prune(0)
    counts = []
    for run in runs:
        seen = _count_items(monkeypatch)
        score_run(run, protocols=["disco/2"], home=place / "home", compute=Compute(threads=1))
        monkeypatch.undo()
        counts.append(len(seen))
    assert counts[0] == 2 * (3 * 17 + 2 * 3 * 2), "frames and windows of both sides"
    assert counts[1] == counts[0] // 2


def _count_items(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    original = scoring_networks.load_network

    def counting(name: str, **options: Any) -> Any:
        loaded = original(name, **options)
        features = loaded.network.features

        def count(batch: Any) -> Any:
            seen.extend([name] * len(batch))
            return features(batch)

        monkeypatch.setattr(loaded.network, "features", count)
        return loaded

    monkeypatch.setattr(scoring_networks, "load_network", counting)
    return seen


def test_what_was_stopped_goes_on_to_the_same_numbers(place: Path, alone: ScoreRecord) -> None:
    ScoreCache(cache_folder(place / "home")).prune(0)

    def stopped(
        function: Callable[[VideoScoreJob], VideoOutcome], jobs: Sequence[VideoScoreJob]
    ) -> Iterator[VideoOutcome]:
        yield function(jobs[0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _score(place, compute={"cache": True}, map_jobs=stopped)
    assert ScoreCache(cache_folder(place / "home")).usage().entries > 0
    assert _score(place, compute={"cache": True}) == alone


def test_changed_frames_are_computed_anew(place: Path, tmp_path: Path) -> None:
    from mcbench.scoring import compare
    from tests.scoring.making import clip, noisy, write_folder

    truth = {name: clip(seed, 17) for seed, name in enumerate("ab")}
    write_folder(tmp_path / "t", truth)
    write_folder(tmp_path / "p", {name: noisy(frames, 8.0) for name, frames in truth.items()})
    for _ in range(2):
        first = compare(tmp_path / "p", tmp_path / "t", networks="embedded", home=tmp_path)
    write_folder(tmp_path / "p", {"a": noisy(truth["a"], 20.0)})
    second = compare(tmp_path / "p", tmp_path / "t", networks="embedded", home=tmp_path)
    fresh = compare(
        tmp_path / "p", tmp_path / "t", networks="embedded", home=tmp_path, compute=Compute(cache=False)
    )
    assert second.metrics == fresh.metrics != first.metrics
    assert second.predictions_sha256 != first.predictions_sha256


def test_ray_workers_give_the_same(place: Path, alone: ScoreRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=80 * 2**20,
        runtime_env={"env_vars": {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), "OMP_NUM_THREADS": "1"}},
    )
    try:
        assert _score(place, map_jobs=_on_ray(ray)) == alone
    finally:
        ray.shutdown()


def _on_ray(ray: Any) -> MapJobs:
    def run(
        function: Callable[[VideoScoreJob], VideoOutcome], jobs: Sequence[VideoScoreJob]
    ) -> Iterator[VideoOutcome]:
        remote = ray.remote(function)
        waiting = [remote.remote(job) for job in jobs]
        while waiting:
            done, waiting = ray.wait(waiting)
            yield from ray.get(done)

    return run


@pytest.mark.shared
def test_lpips_is_the_same_in_any_batch_and_process(place: Path, shared: Path) -> None:
    home = place / "home"
    weights.add("lpips-alex", shared / "weights" / "lpips" / "alexnet_features_torchvision.pth", home)
    found = [_score(place, compute=compute) for compute in ({}, {"threads": 2, "batch": 4}, {"cache": True})]
    assert "mcbench/1 lpips" in found[0].metrics
    assert "people/1 person_lpips" in found[0].metrics
    assert all(one == other for one, other in itertools.pairwise(found))


def test_a_job_tells_what_it_cannot_read_and_refuses_other_weights(place: Path, tmp_path: Path) -> None:
    jobs: list[VideoScoreJob] = []

    def keep(
        function: Callable[[VideoScoreJob], VideoOutcome], given: Sequence[VideoScoreJob]
    ) -> Iterator[VideoOutcome]:
        jobs.extend(given)
        return map(function, given)

    _score(place, map_jobs=keep)
    side = next(iter(jobs[0].predictions.values())).model_copy(update={"path": tmp_path / "absent"})
    job = jobs[0].model_copy(update={"predictions": {"gone": side, **jobs[0].predictions}})
    job = job.model_copy(update={"items": {"gone": next(iter(job.items.values())), **job.items}})
    with pytest.raises(WeightsMissingError, match="planned with: motion"):
        score_video(job.model_copy(update={"weights": {**job.weights, "motion": job.weights["clip"]}}))
    outcome = score_video(job)
    assert set(outcome.failures) == {"gone"}
    assert set(outcome.scores) == set(jobs[0].predictions)
