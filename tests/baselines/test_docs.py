"""docs/baselines.md says what the specs say, and its example runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import mcbench
from mcbench import baselines
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


def test_the_package_with_an_entry_point_keeps_the_contract(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, info = tmp_path / "my_methods", tmp_path / "my_methods-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    for mark, name in (("spec", "mirror.toml"), ("module", "__init__.py")):
        example = page.split(f"<!-- entry point: {mark} -->\n```")[1].partition("\n")[2].split("```")[0]
        (package / name).write_text(example, encoding="utf-8")
    table = page.split('[project.entry-points."mcbench.baselines"]\n')[1].split("\n```")[0]
    name, _, value = table.partition(" = ")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-methods\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[mcbench.baselines]\n{name} = {value.strip()[1:-1]}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "mirror" in {spec.id for spec in baselines.specs()}
    report = check_method("mirror", device="cpu")
    assert report.holds, report.points
    (package / "mirror.toml").write_text("id = 3\n", encoding="utf-8")
    (told,) = baselines.broken_specs().items()
    assert "my-methods" in told[0]
    assert "mirror" not in {spec.id for spec in baselines.specs()}
