"""The methods that `--model` knows, by name, without importing any of them.

Specs come from four places: those shipped with mcbench, the entry points of installed packages (group
`mcbench.baselines`), the TOML files in HOME/baselines, and a TOML file given by its path.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mcbench import files
from mcbench.baselines.contract import Animator, Options
from mcbench.baselines.spec import Spec, read_spec
from mcbench.errors import FileFormatError, InputError, McbenchError

SPECS = Path(__file__).parent / "specs"
ENTRY_POINTS = "mcbench.baselines"
LIMIT_OPTIONS = ("limit_minutes", "limit_memory_gb")
"""Options of every external method; they change nothing in what it makes."""
_ORDER = ("ours", "builtin", "diffusers", "external", "import")


def specs(home: Path | None = None) -> tuple[Spec, ...]:
    """Return the specs of all known methods, in the order to list them: by kind, then by name.

    Those of third parties that cannot be used are left out: `broken_specs` tells them.

    Raises:
        FileFormatError: a shipped spec is not valid.
    """
    known = _known(home)[0]
    return tuple(sorted(known.values(), key=lambda spec: (_ORDER.index(spec.kind), spec.id)))


def broken_specs(home: Path | None = None) -> dict[str, McbenchError]:
    """Return what third parties brought and cannot be used: where it lies -> what is wrong."""
    return _known(home)[1]


def get(name: str, home: Path | None = None) -> Spec:
    """Return the spec of a method by its id, or that of a file if `name` ends in `.toml`.

    Raises:
        InputError: there is none of this name; the hint names near matches.
        FileFormatError: the file is no spec.
    """
    if name.endswith(".toml"):
        return read_spec(Path(name).expanduser())
    shipped = _shipped()
    if name in shipped:
        return shipped[name]
    known, broken = _known(home)
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the models are {', '.join(known)}"
    if broken:
        hint += f"; {len(broken)} could not be read: mcbench baselines list"
    raise InputError(f"there is no model {name!r}", hint)


def load(name: str, device: str, options: Options, home: Path | None = None) -> Animator:
    """Load a method on a torch device; `options` override the defaults of its spec.

    Raises:
        InputError: the method or one of the options is unknown, or the method cannot be run but imported.
        DataMissingError: the method's environment is not installed; the hint is the command that does it.
        WeightsMissingError: its weights are not here, or not the ones meant.
    """
    spec = get(name, home)
    merged = _merged(spec, options)
    if spec.kind == "import":
        raise InputError(
            f"{spec.id} cannot be run: {spec.description}",
            f"import its videos: mcbench import {spec.id} DIR --split BENCHMARK/SUBSET",
        )
    if spec.kind == "external":
        from mcbench.baselines.external.animator import ExternalAnimator

        external: Animator = ExternalAnimator(spec, device, merged, home)
        return external
    module, attribute = spec.factory.split(":")
    factory = getattr(importlib.import_module(module), attribute)
    given: dict[str, Any] = {}
    if spec.weights:
        from mcbench.baselines.weights import find_weights

        given["weights"] = {use.name: Path(use.path) for use in find_weights(spec, home).files}
    animator: Animator = factory(device, merged, **given)
    return animator


def _merged(spec: Spec, options: Options) -> Options:
    known = [*spec.options, *spec.free_options, *(LIMIT_OPTIONS if spec.kind == "external" else ())]
    unknown = sorted(set(options) - set(known))
    if unknown and not known:
        raise InputError(f"{spec.id} takes no options, but was given {', '.join(unknown)}")
    if unknown:
        raise InputError(f"{spec.id} has no option {unknown[0]!r}", f"its options are {', '.join(known)}")
    return {**spec.options, **options}


@cache
def _shipped() -> dict[str, Spec]:
    found: dict[str, Spec] = {}
    for path in sorted(SPECS.glob("*.toml")):
        spec = read_spec(path)
        if spec.id != path.stem:
            raise FileFormatError(f"{path} is the spec of {spec.id}; a shipped one is named like its file")
        found[spec.id] = spec
    return found


def _known(home: Path | None) -> tuple[dict[str, Spec], dict[str, McbenchError]]:
    """Return id -> spec of all that can be used, and place -> error of what cannot."""
    known, broken = dict(_shipped()), dict[str, McbenchError]()
    for place, brought in (*_by_entry_points(), *_in_home(home)):
        if isinstance(brought, McbenchError):
            broken[place] = brought
        elif brought.id in known:
            broken[place] = InputError(
                f"{place} is a second spec of the name {brought.id!r}", "give it another id"
            )
        else:
            known[brought.id] = brought
    return known, broken


def _in_home(home: Path | None) -> Iterator[tuple[str, Spec | McbenchError]]:
    for path in sorted((files.home(home) / "baselines").glob("*.toml")):
        yield str(path), _tried(path)


def _by_entry_points() -> Iterator[tuple[str, Spec | McbenchError]]:
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        place = f"entry point {point.name} ({point.value})"
        try:
            brought = point.load()
            paths = _paths(brought() if callable(brought) else brought)
        except Exception as error:  # whatever somebody else's package raises must not stop mcbench
            yield place, InputError(f"{place} failed: {type(error).__name__}: {error}")
            continue
        for path in paths:
            yield f"{place}: {path}", _tried(path)


def _paths(brought: object) -> list[Path]:
    """Return the TOML files that an entry point names: one path, several, or a folder of them."""
    given = [brought] if isinstance(brought, str | Path) else brought
    if not isinstance(given, Iterable):
        raise TypeError(f"it gives {type(brought).__name__}, and paths of TOML files are wanted")
    paths = [Path(each) for each in given]
    return [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]


def _tried(path: Path) -> Spec | McbenchError:
    try:
        return read_spec(path)
    except McbenchError as error:
        return error
