"""The table of methods in docs/baselines.md, made from the specs.

python -m mcbench.baselines.table docs/baselines.md     # write it anew
"""

from __future__ import annotations

import sys
from pathlib import Path

from mcbench import files
from mcbench.baselines.registry import SPECS
from mcbench.baselines.spec import Spec, read_spec
from mcbench.errors import FileFormatError

BEGIN, END = "<!-- methods: made from the specs -->", "<!-- end of methods -->"


def methods_table() -> str:
    """Return the shipped methods as a Markdown table."""
    lines = [
        "| name | kind | tried | date | is shown | what was tried |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_row(read_spec(path)) for path in sorted(SPECS.glob("*.toml"))]
    return "\n".join(lines)


def with_table(page: str) -> str:
    """Return a page with the table between its two marks.

    Raises:
        FileFormatError: the page lacks the marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise FileFormatError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{methods_table()}\n{END}{after}"


def _row(spec: Spec) -> str:
    status = spec.status
    cells = (
        f"`{spec.id}`", spec.kind, status.level, str(status.date or ""), ", ".join(spec.inputs), status.what,
    )  # fmt: skip
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    files.write_text(path, with_table(files.read_text(path)))
