"""Terms of benchmarks: which must be accepted before a program fetches them, and the record that they were.

```
HOME/licences/BENCHMARK/SOURCE.json    written when a person accepts; holds the very terms that were shown
```
"""

from __future__ import annotations

from pathlib import Path

from mcbench.data.manifest import Terms
from mcbench.data.places import Target
from mcbench.errors import InputError
from mcbench.records import Record, now


class Acceptance(Record):
    """`SOURCE.json`: that a person of this machine accepted the terms of a benchmark's source."""

    benchmark: str
    source: str
    licence: str
    """As the manifest named it."""
    terms: Terms
    """As they were shown."""
    accepted: str
    """UTC time."""


def terms_to_accept(target: Target) -> Terms | None:
    """Return the terms of a source that need a person's consent, given or not; None where there are none."""
    terms = target.manifest.terms_of(target.source_name)
    return terms if terms is not None and terms.must_accept else None


def acceptance(target: Target) -> Acceptance | None:
    """Return the record of the consent to the terms as they are now, given for this source or another.

    Raises:
        FileFormatError: a record is damaged.
    """
    terms = terms_to_accept(target)
    for path in sorted(_folder(target).glob("*.json")):
        if (found := Acceptance.read(path)).terms == terms:
            return found
    return None


def accept(target: Target) -> Acceptance | None:
    """Record that a person accepts the terms; None where there are none that need it."""
    terms = terms_to_accept(target)
    if terms is None:
        return None
    record = Acceptance(
        benchmark=target.benchmark,
        source=target.source_name,
        licence=target.manifest.licence,
        terms=terms,
        accepted=now(),
    )
    record.write(_folder(target) / f"{target.source_name}.json")
    return record


def require(target: Target) -> None:
    """Do nothing if no consent is lacking.

    Raises:
        InputError: it is; the message tells the terms, the hint is the command that accepts them.
    """
    terms = terms_to_accept(target)
    if terms is not None and acceptance(target) is None:
        raise InputError(
            f"{target.benchmark} may be fetched once you have accepted its terms: {terms.summary} "
            f"({terms.url or target.manifest.licence})",
            f"{target.fetch_command()} --accept-licence",
        )


def _folder(target: Target) -> Path:
    return target.home / "licences" / target.benchmark
