"""The cache: whole entries or none, found by content, the oldest out first."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mcbench import cli, files
from mcbench.errors import InputError
from mcbench.scoring.cache import ScoreCache, cache_folder, content_key, limit_from_environment
from mcbench.scoring.values import stored_rows
from mcbench.video import digest_frames
from tests.scoring.making import clip, write_folder


@pytest.fixture
def cache(tmp_path: Path) -> ScoreCache:
    return ScoreCache(tmp_path / "cache")


def _entry(cache: ScoreCache, name: str, size: int = 100) -> str:
    key = content_key("values", name=name)
    cache.put(key, {"values": np.arange(size, dtype=np.float64)})
    return key


def test_arrays_come_back_bit_by_bit(cache: ScoreCache) -> None:
    key = content_key("features", name="a")
    arrays = {
        "items": np.array([[0, 16], [1, 16]], dtype=np.int64),
        "features": np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32),
        "nothing": np.zeros((0, 3)),
        "truth": np.array([True, False]),
    }
    assert cache.get(key) is None
    cache.put(key, arrays)
    found = cache.get(key)
    assert found is not None
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    items = cache.part(key, "items")
    np.testing.assert_array_equal(items, arrays["items"])
    assert cache.part(key, "absent") is None


def test_keys_tell_apart_whatever_decides_a_value() -> None:
    keys = [content_key("a", x=1), content_key("a", x=2), content_key("b", x=1), content_key("a", y=1)]
    assert len(set(keys)) == 4
    assert content_key("a", x=1, y=[1, 2]) == content_key("a", y=[1, 2], x=1)


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_entry_counts_as_absent(cache: ScoreCache, tmp_path: Path, damage: str) -> None:
    key = _entry(cache, "a")
    path = next((tmp_path / "cache").rglob("*.safetensors"))
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[-20] ^= 1
    path.write_bytes({"cut": content[:-8], "flipped": content, "emptied": b""}[damage])
    assert cache.get(key) is None
    _entry(cache, "a")
    assert cache.get(key) is not None


def test_rows_of_some_items_only(cache: ScoreCache) -> None:
    key = content_key("features", name="a")
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    cache.put(key, {"items": np.array([[0, 1], [1, 1], [5, 1]]), "features": rows})
    found = stored_rows(cache, key, [(5, 1), (0, 1)])
    np.testing.assert_array_equal(found, rows[[2, 0]])
    assert stored_rows(cache, key, [(2, 1)]) is None
    assert stored_rows(cache, "0" * 64, [(0, 1)]) is None


def test_the_entries_used_longest_ago_go_first(cache: ScoreCache, tmp_path: Path) -> None:
    keys = [_entry(cache, name) for name in "abc"]
    for age, path in zip((300, 200, 100), (cache._path(key, "safetensors") for key in keys), strict=True):
        os.utime(path, (time.time() - age,) * 2)
    assert cache.get(keys[0]) is not None  # used just now
    whole = cache.usage()
    assert whole.entries == 3
    assert cache.prune(whole.n_bytes) == 0
    assert cache.prune(whole.n_bytes - 1) == 1
    assert [cache.get(key) is not None for key in keys] == [True, False, True]


def test_digests_are_trusted_until_a_file_changes(cache: ScoreCache, tmp_path: Path) -> None:
    frames = clip(0, 4)
    folder = write_folder(tmp_path / "videos", {"a": frames}) / "a"
    digest, later = digest_frames(frames), time.time_ns() + 10**9
    places = range(4)
    assert cache.digest_of(folder, places) is None
    cache.remember_digest(folder, places, digest, later)
    assert cache.digest_of(folder, places) == digest
    assert cache.digest_of(folder, range(3)) is None, "of other frames nothing is known"
    path = folder / "000002.png"
    status, content = path.stat(), path.read_bytes()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert cache.digest_of(folder, places) is None, "the time of modification alone proves nothing"
    cache.remember_digest(folder, places, digest, time.time_ns() + 10**9)
    assert cache.digest_of(folder, places) == digest
    (folder / "000004.png").write_bytes(content)
    assert cache.digest_of(folder, places) is None


def test_what_changed_while_it_was_read_is_not_remembered(cache: ScoreCache, tmp_path: Path) -> None:
    begun = time.time_ns()
    folder = write_folder(tmp_path / "videos", {"a": clip(0, 2)}) / "a"
    cache.remember_digest(folder, range(2), "0" * 64, begun)
    assert cache.digest_of(folder, range(2)) is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(InputError, match="cannot write to the cache") as raised:
        _entry(ScoreCache(tmp_path / "cache"), "a")
    assert "--no-cache" in raised.value.hint


def test_no_folder_keeps_nothing() -> None:
    cache = ScoreCache(None)
    key = _entry(cache, "a")
    cache.put_text(key, "text")
    assert cache.get(key) is cache.get_text(key) is cache.part(key, "values") is None
    assert cache.usage().entries == 0


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("500MB", 500_000_000), ("2 GB", 2_000_000_000), ("1.5GiB", 1_610_612_736), ("10", 10), ("3k", 3000)],
)
def test_sizes(text: str, n_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.parse_size(text) == n_bytes
    monkeypatch.setenv("MCBENCH_CACHE_LIMIT", text)
    assert limit_from_environment() == n_bytes


@pytest.mark.parametrize("text", ["", "much", "-1GB", "1XB", "GB", "1e9"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InputError, match="is no size"):
        files.parse_size(text)


def test_the_command(tmp_path: Path) -> None:
    def type_in(*words: str) -> str:
        result = CliRunner().invoke(cli.app, ["cache", *words, "--home", str(tmp_path)])
        assert result.exit_code == 0, result.output
        return result.stdout

    cache = ScoreCache(cache_folder(tmp_path))
    for name in "abc":
        _entry(cache, name, 1000)
    status = json.loads(type_in("status", "--json"))
    assert status["entries"] == 3
    assert status["bytes"] == cache.usage().n_bytes > 24_000
    assert "3 entries" in type_in("status")
    assert "removed 2 entries" in type_in("prune", "--limit", "10kB")
    assert "removed 1 entries" in type_in("clear")
    assert "0 entries" in type_in("status")
