"""docs/baselines.md says what the specs say, and its example runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import mcbench
from mcbench.baselines.checking import check_method
from mcbench.baselines.spec import LEVELS
from mcbench.baselines.table import with_table

PAGE = Path(mcbench.__file__).parents[1] / "docs" / "baselines.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_table_is_that_of_the_specs(page: str) -> None:
    assert with_table(page) == page, "run: python -m mcbench.baselines.table docs/baselines.md"
    assert all(f"| `{level}` |" in page for level in LEVELS)


def test_the_example_keeps_the_contract(page: str, tmp_path: Path) -> None:
    example = page.split("<!-- example -->")[1].split("```toml\n")[1].split("```")[0]
    path = tmp_path / "still.toml"
    path.write_text(example, encoding="utf-8")
    report = check_method(str(path), device="cpu")
    assert report.holds, report.points
    assert len(report.points) == 7


def test_a_method_that_breaks_the_contract_is_told_so(page: str, tmp_path: Path) -> None:
    example = page.split("<!-- example -->")[1].split("```toml\n")[1].split("```")[0]
    path = tmp_path / "still.toml"
    path.write_text(example.replace("range(int(sys.argv[3]))", "range(2)"), encoding="utf-8")
    report = check_method(str(path), device="cpu")
    states = [point.state for point in report.points]
    assert states == ["holds", "holds", "FAILS", "not reached", "not reached", "not reached", "not reached"]
    assert "made 2 frames, not 4" in report.points[2].detail
