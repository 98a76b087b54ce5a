"""Environment variables that programs of other people are given: those of a list, never all of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_ANYWHERE = frozenset({"USER", "LOGNAME", "LANG", "LANGUAGE", "TZ"})
_ANYWHERE_STARTS = ("LC_", "CUDA_", "NVIDIA_", "OMP_", "MKL_", "OPENBLAS_")
"""What may mean the same in a container."""
_NETWORK = frozenset(
    {
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    }
)  # fmt: skip
_HERE = frozenset(
    {
        "PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT",
        "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "SSL_CERT_DIR",
        "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "PYENV_ROOT",
    }
)  # fmt: skip
"""What names places of this machine. No password or token is among any of them."""
_HERE_STARTS = ("GIT_CONFIG_",)
_BUILDERS = ("UV_", "PIP_", "CONDA_")
"""What an installer is given besides: where the user's package index is."""
_ENGINES = frozenset(
    {
        "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS",
        "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION", "CONTAINER_HOST", "CONTAINER_SSHKEY", "CONTAINERS_CONF",
        "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
    }
)  # fmt: skip
"""What the command lines of docker and podman find their engine by; containers are not given them."""


def variables(extra: Mapping[str, str] | None = None, *, installing: bool = False) -> dict[str, str]:
    """Return the environment variables for a program on this machine: those on the list, and `extra`."""
    starts = _ANYWHERE_STARTS + _HERE_STARTS + (_BUILDERS if installing else ())
    return {**_passed(_ANYWHERE | _NETWORK | _HERE, starts), **(extra or {})}


def engine_variables() -> dict[str, str]:
    """Return the environment variables for the command line of docker or podman itself."""
    return {**variables(), **_passed(_ENGINES, ())}


def container_variables(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment variables for a program in a container.

    Those on the list, but for what names places of this machine, and `extra`.
    """
    passed = _passed(_ANYWHERE, _ANYWHERE_STARTS)
    return {name: value for name, value in passed.items() if not Path(value).is_absolute()} | dict(
        extra or {}
    )


def container_builder_variables(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables for pip in a container: with them goes what reaches its index."""
    return {**container_variables(), **_passed(_NETWORK, ("PIP_",)), **extra}


def _passed(names: frozenset[str], starts: tuple[str, ...]) -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper() in names or name.upper().startswith(starts)
    }
