"""A method that runs as a program of its own, behind the contract of every method."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.baselines.external.installing import find_installation
from mcbench.baselines.external.job import placement, write_job
from mcbench.baselines.external.job_folder import job_folder
from mcbench.baselines.external.runner import driver_path, made_frames, run_job
from mcbench.baselines.registry import LIMIT_OPTIONS
from mcbench.baselines.spec import Limits, Spec
from mcbench.baselines.weights import FoundWeights, find_weights
from mcbench.errors import InputError
from mcbench.records import ModelDescription, Size, WeightsUse
from mcbench.video import Placement, fit_frame


class ExternalAnimator:
    """A method that is installed, with its weights.

    Args:
        spec: of kind `external`.
        device: of torch.
        options: of the method, defaults included, and `LIMIT_OPTIONS`.
        home: mcbench's folder.

    Raises:
        DataMissingError: it is not installed; the hint is the command that does it.
        WeightsMissingError: its weights are not here, or have changed.
        MismatchError: its clone holds other code than the pinned commit.
        InputError: an option or the device cannot be used, or the engine of its container does not answer.
    """

    def __init__(self, spec: Spec, device: str, options: Options, home: Path | None = None) -> None:
        self._spec, self._device, self._home = spec, device, home
        self._options = {name: value for name, value in options.items() if name not in LIMIT_OPTIONS}
        self._limits = _limits(spec, options)
        self._installation = find_installation(spec, home)
        if self._installation.container and device.partition(":")[0] not in ("cpu", "cuda"):
            raise InputError(
                f"{spec.id} is in a container, which has no device {device}", "give --device cpu"
            )
        self._weights = find_weights(spec, home)
        self._driver_sha256 = files.sha256_file(driver_path(spec)) if spec.driver else ""
        self._facts: dict[str, str | int | float | bool] = {}

    def describe(self) -> ModelDescription:
        """Return what a run record says: weights' hashes, options, the code's commit, the driver's hash."""
        spec, record = self._spec, self._installation.record
        sampler: dict[str, str | int | float | bool] = dict(self._options)
        if spec.native.size:
            sampler["native_size"] = f"{spec.native.size[0]}x{spec.native.size[1]}"
        if spec.repository:
            sampler["commit"] = spec.repository.commit
        if record is not None and record.packages:
            sampler["packages_sha256"] = files.sha256_text("\n".join(record.packages))[:12]
        if record is not None and record.image:
            sampler["base_image"] = f"{record.image.base} {record.image.base_id.removeprefix('sha256:')[:12]}"
        if self._driver_sha256:
            sampler["driver_sha256"] = self._driver_sha256[:12]
        others = [file.name for file in self._weights.files if file.proof == "other"]
        if others:
            sampler["other_weights"] = ", ".join(others)
        return ModelDescription(
            id=spec.id,
            display_name=f"{spec.display_name} (other weights)" if others else spec.display_name,
            kind=spec.kind,
            licence=spec.licence,
            paper=spec.paper,
            weights=tuple(WeightsUse(name=file.name, sha256=file.sha256) for file in self._weights.files),
            sampler=sampler,
            inputs=spec.inputs,
        )

    def facts(self) -> dict[str, str | int | float | bool]:
        """Return what the driver said of the last video, with the versions that it ran on."""
        return dict(self._facts)

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames of a request: made at the method's size, then resized to the one asked for.

        Raises:
            WorkerError: the program failed, or what it made cannot be used.
            DiskSpaceError: the disk is full.
        """
        where = placement(self._spec.native, request)
        with job_folder(self._spec.id, self._home) as folder:
            job = write_job(
                folder,
                self._spec,
                request,
                where,
                device=self._device,
                options=self._options,
                weights={file.name: file.path for file in self._weights.files},
                weights_folder=_folder(self._weights),
                repository=self._installation.repository,
            )
            result = run_job(self._spec, self._installation, folder, job, self._limits)
            self._facts = {**_plain(result.facts), **result.versions}
            for frame in made_frames(self._spec, folder, job):
                cut = _without_bars(frame, where)
                wanted = request.size or self._unstretched(request)
                yield cut if wanted is None else fit_frame(cut, wanted)

    def _unstretched(self, request: AnimationRequest) -> Size | None:
        """Return the clip's size where the method's own shape would distort it: scores need its shape."""
        native = self._spec.native
        stretched = native.size is not None and native.fit == "stretch"
        return request.reference_size if stretched else None


def _limits(spec: Spec, options: Options) -> Limits:
    given = {
        "minutes": options.get("limit_minutes", spec.limits.minutes),
        "memory_gb": options.get("limit_memory_gb", spec.limits.memory_gb),
    }
    for name, value in given.items():
        if value is not None and (isinstance(value, bool | str) or not value > 0):
            raise InputError(f"limit_{name}={value} is no number above 0")
    return Limits.model_validate(given)


def _folder(weights: FoundWeights) -> Path | None:
    return Path(weights.folder) if weights.files else None


def _without_bars(frame: NDArray[np.uint8], where: Placement) -> NDArray[np.uint8]:
    height, width = where.scaled
    return np.ascontiguousarray(frame[where.top : where.top + height, where.left : where.left + width])


def _plain(
    facts: dict[str, str | int | float | bool | tuple[str, ...]],
) -> dict[str, str | int | float | bool]:
    return {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in facts.items()}
