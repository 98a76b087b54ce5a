from __future__ import annotations

import subprocess
import sys

import pytest

from mcbench import baselines
from mcbench.errors import InputError


def test_names_are_unique_and_every_factory_exists() -> None:
    import importlib

    specs = baselines.specs()
    assert len({spec.id for spec in specs}) == len(specs)
    for spec in specs:
        if not spec.factory:
            continue
        module, attribute = spec.factory.split(":")
        assert callable(getattr(importlib.import_module(module), attribute))


def test_an_unknown_model_names_near_ones() -> None:
    with pytest.raises(InputError) as caught:
        baselines.get("warpp")
    assert "did you mean warp?" in caught.value.hint
    with pytest.raises(InputError) as caught:
        baselines.get("zzz")
    assert "copy-reference" in caught.value.hint


@pytest.mark.parametrize("name", ["copy-reference", "warp"])
def test_options_of_methods_without_options_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="takes no options, but was given steps"):
        baselines.load(name, "cpu", {"steps": 3})


def test_listing_the_methods_imports_none_of_them() -> None:
    code = (
        "import sys; from mcbench import baselines; baselines.specs(); "
        "print([name for name in ('torch', 'diffusers', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
