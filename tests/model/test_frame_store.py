import pytest
import torch

from mcbench.model.frame_store import FrameStore

CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.uint8])
@pytest.mark.parametrize("limit", [0, 100, 10**6])
def test_what_is_read_is_what_was_added(dtype: torch.dtype, limit: int) -> None:
    rows = (torch.rand(11, 3, 4, generator=torch.Generator().manual_seed(0)) * 200).to(dtype)
    store = FrameStore(CPU, in_memory_bytes=limit)
    for part in (rows[:4], rows[4:5], rows[5:]):
        store.add(part)
    assert len(store) == 11
    assert (store.on_disk == 0) == (limit == 10**6)
    for start in range(11):
        for stop in range(start + 1, 12):
            assert torch.equal(store.read(start, stop), rows[start:stop])


def test_memory_is_bounded_by_the_limit() -> None:
    store = FrameStore(CPU, in_memory_bytes=1000)
    store.add(torch.zeros(50, 25))
    assert store.on_disk == 40


def test_a_row_is_no_view_of_its_batch() -> None:
    batch = torch.zeros(4, 2)
    store = FrameStore(CPU)
    store.add(batch[:1])
    batch += 1
    assert not store.read(0, 1).any()


def test_rows_of_another_kind_are_refused() -> None:
    store = FrameStore(CPU)
    store.add(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="a row"):
        store.add(torch.zeros(1, 4))
    with pytest.raises(ValueError, match="a row"):
        store.add(torch.zeros(1, 3, dtype=torch.uint8))
