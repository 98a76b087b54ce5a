"""The archive of a run's predictions, the same bytes for the same run."""

from __future__ import annotations

import zipfile
from pathlib import Path

from mcbench import files
from mcbench.errors import DataMissingError
from mcbench.leaderboard.submissions import Address, Predictions
from mcbench.records import RunRecord

_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def pack_predictions(folder: Path, archive: Path, *, address: Address | None = None) -> Predictions:
    """Pack `run.json` and the frames of every video that a run has made into a zip file.

    Args:
        folder: of the run.
        archive: the zip file, written atomically.
        address: where it will be; None if it goes beside the submission.

    Raises:
        DataMissingError: the run has made no video.
    """
    run = RunRecord.read(folder / "run.json")
    done = sorted(result.video for result in run.videos if result.status == "done")
    if not done:
        raise DataMissingError(f"the run {folder} has made no video", "mcbench run")
    paths = [folder / "run.json"]
    for name in done:
        paths += sorted((folder / "frames" / name).glob("[0-9]*.png"))
    with files.atomic_file(archive) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        for path in paths:
            # PNG and a small JSON: compressing again gains nothing.
            member = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=_LONG_AGO)
            member.external_attr = 0o100644 << 16
            member.create_system = 3
            packed.writestr(member, path.read_bytes())
    return Predictions(
        file=archive.name,
        address=address,
        size=archive.stat().st_size,
        sha256=files.sha256_file(archive),
    )
