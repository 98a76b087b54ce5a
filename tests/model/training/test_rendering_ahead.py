"""Clips are rendered ahead as far as a training needs them, and no further."""

import multiprocessing
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mcbench.model.training import loop, train
from mcbench.model.training.clips import ClipStore, rendering_ahead
from tests.model.training.conftest import Changed, Told


class _AskedError(Exception):
    """Instead of training."""


@pytest.mark.parametrize(("stage", "clips"), [("1", range(3)), ("2", range(6)), ("all", range(6))])
def test_clips_are_rendered_as_far_as_the_last_step_draws(
    changed: Changed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: loop.StageName, clips: range
) -> None:
    def ask(
        _store: ClipStore, asked: range, processes: int, _progress: object
    ) -> AbstractContextManager[None]:
        assert (asked, processes) == (clips, 2)
        raise _AskedError

    monkeypatch.setattr(loop, "rendering_ahead", ask)
    # Two clips at the start and one more every other step; stage 1 has four steps before stage 2.
    config = changed(new_clips_per_step=0.5)
    steps = {"steps1": 3, "steps2": 5} if stage == "1" else {"steps2": 5}
    with pytest.raises(_AskedError):
        train(config, out=tmp_path, stage=stage, workers=2, **steps)


def test_processes_end_with_their_clips_and_a_dead_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("where clips cannot be written")
    full, broken = (ClipStore(tmp_path / name, (48, 32)) for name in ("clips", "no-folder"))
    told = Told()
    with rendering_ahead(full, range(1, 4), 1, told), rendering_ahead(broken, range(1), 1, told):
        began = time.monotonic()
        while multiprocessing.active_children() and time.monotonic() - began < 1000:
            time.sleep(0.05)
        assert not multiprocessing.active_children()
    names = [path.name.rsplit("-", 1)[1] for path in sorted((tmp_path / "clips").iterdir())]
    assert names == ["0000001.npz", "0000002.npz", "0000003.npz"]
    [message] = told.messages
    assert message.startswith("1 of 1 processes that render clips ahead died (exit code 1)")


def test_the_end_does_not_wait_for_what_is_not_rendered(tmp_path: Path) -> None:
    with rendering_ahead(ClipStore(tmp_path, (48, 32)), range(10**6), 1):
        assert len(multiprocessing.active_children()) == 1
    assert not multiprocessing.active_children()
