"""OpenVINO, which is optional: imported without its telemetry, and one core for the whole process."""

from __future__ import annotations

import importlib
import sys
import threading
from functools import cache
from typing import Any

from mcbench.errors import InputError

_lock = threading.Lock()


def import_openvino(what: str, extra: str) -> Any:
    """Import OpenVINO with its telemetry left out.

    Args:
        what: what needs it, for the message.
        extra: the extra of mcbench that brings it, for the hint.

    Raises:
        InputError: it is not installed; the hint has the command.
    """
    with _lock:
        if sys.modules.get("openvino") is not None:
            return importlib.import_module("openvino")
        # The import alone would send an event; without this module OpenVINO uses a stub of it.
        before = sys.modules.get("openvino_telemetry")
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
        try:
            importlib.import_module("openvino")
            importlib.import_module("openvino.frontend.pytorch.ts_decoder")
        except ImportError as error:
            missing = isinstance(error, ModuleNotFoundError)
            why = "which is not installed" if missing else f"which cannot be loaded: {error}"
            raise InputError(f"{what} needs OpenVINO, {why}", f"pip install 'mcbench[{extra}]'") from error
        finally:
            del sys.modules["openvino_telemetry"]
            if before is not None:
                sys.modules["openvino_telemetry"] = before
        return importlib.import_module("openvino")


def openvino_core(what: str, extra: str) -> Any:
    """Return the one `openvino.Core` of this process; arguments and errors as for `import_openvino`.

    A core that goes away takes the signal stack with it that its CPU plugin gave to the thread which made it,
    and leaves that thread pointing at nothing if another thread lets go of it last: the next signal, such
    as that of a child process that has ended, then kills the process. So the core stays to the end.
    """
    openvino = import_openvino(what, extra)
    with _lock:
        return _core(openvino.Core)


@cache
def _core(make: Any) -> Any:
    return make()
