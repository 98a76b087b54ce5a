from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from mcbench.data import download_status, fetch, open_split, prepare, status
from mcbench.errors import DataMissingError, FileFormatError, InputError
from tests.data.benchmarks.making import zipped
from tests.data.making import Collected
from tests.data.own import host_own, install_own, own_video
from tests.downloads.conftest import QUICK
from tests.downloads.server import HostileServer


@pytest.fixture
def place(tmp_path: Path, server: HostileServer) -> Path:
    """A home that knows the benchmark `own`, whose two videos lie on the server."""
    install_own(tmp_path / "home", server)
    host_own(server, tmp_path / "made")
    return tmp_path / "home"


def test_what_is_here_is_not_fetched_again(place: Path, server: HostileServer) -> None:
    report = fetch("own", home=place, settings=QUICK)
    assert [(file.file, file.status, file.proof) for file in report.files] == [
        ("a.mp4", "done", "unverified"),
        ("b.mp4", "done", "unverified"),
    ]
    asked = len(server.asked)
    again = fetch("own", home=place, settings=QUICK)
    assert ({file.status for file in again.files}, again.complete) == ({"skipped"}, True)
    assert len(server.asked) == asked
    (Path(report.folder) / "a.mp4").unlink()
    assert [file.status for file in fetch("own", home=place, settings=QUICK).files] == ["done", "skipped"]


def test_prepare_fetches_what_is_missing(place: Path) -> None:
    progress = Collected()
    report = prepare("own", home=place, settings=QUICK, progress=progress)
    assert (report.complete, report.not_fetched, report.passed_over) == (True, {}, ())
    assert [clip.n_frames for clip in report.clips] == [5, 4]
    assert [stage for stage, _ in progress.stages] == ["fetching (files)", "preparing own"]
    assert open_split("own", home=place).record.missing == ()


def test_one_file_that_cannot_be_had_does_not_stop_the_rest(place: Path, server: HostileServer) -> None:
    del server.hosted["/b.mp4"]
    report = prepare("own", home=place, settings=QUICK)
    assert not report.complete
    assert [clip.clip for clip in report.clips] == ["a"]
    assert "404" in report.not_fetched["b.mp4"]
    assert "mcbench data fetch own" in report.not_fetched["b.mp4"]
    assert report.shortfall == ("1 videos where own has 2", "5 frames where own has 9")
    (row,) = (each for each in download_status(home=place) if each.benchmark == "own")
    assert (row.present, row.known, row.missing, row.unverified) == (1, 2, ("b.mp4",), 1)
    host_own(server, place.parent / "made")
    assert prepare("own", home=place, settings=QUICK).complete


def test_offline_no_socket_is_opened(
    place: Path, server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = fetch("own", home=place, offline=True)
    assert {file.status for file in report.files} == {"failed"}
    assert all("mcbench data fetch own" in file.reason for file in report.files)
    with pytest.raises(DataMissingError, match="has been downloaded") as caught:
        prepare("own", home=place, offline=True)
    assert "--offline (or MCBENCH_OFFLINE) stands in the way" in caught.value.hint
    assert "mcbench data fetch own, or give a copy with --from" in caught.value.hint
    monkeypatch.setenv("MCBENCH_OFFLINE", "1")
    with pytest.raises(DataMissingError):
        prepare("own", home=place)
    assert server.connections == 0
    fetch_folder = place / "downloads/own/web"
    own_video(fetch_folder / "a.mp4", 3)  # brought by hand, under its name
    report = fetch("own", home=place)
    assert [file.status for file in report.files] == ["done", "failed"]
    assert [clip.n_frames for clip in prepare("own", home=place).clips] == [3]
    assert server.connections == 0


def test_clips_that_are_named_and_not_there_are_missing(place: Path) -> None:
    report = prepare("own/named", home=place, settings=QUICK)
    assert [(clip.clip, clip.status) for clip in report.clips] == [("a", "done"), ("c", "missing")]
    assert "does not hold it" in report.clips[1].reason
    assert open_split("own/named", home=place).record.missing == ("c",)
    (row,) = (each for each in status(home=place) if each.subset == "named")
    assert (row.prepared, row.expected, row.missing) == (1, 2, ("c",))


def test_what_was_prepared_outlives_its_files(place: Path) -> None:
    prepare("own", home=place, settings=QUICK)
    for path in (place / "downloads/own/web").glob("a.mp4*"):
        path.unlink()
    report = prepare("own", home=place, offline=True)
    assert [(clip.clip, clip.status) for clip in report.clips] == [("a", "skipped"), ("b", "skipped")]
    assert set(report.not_fetched) == {"a.mp4"}
    forced = prepare("own", home=place, offline=True, force=True)
    assert [(clip.clip, clip.status) for clip in forced.clips] == [("a", "skipped"), ("b", "done")]
    (place / "prepared/own/web/clips/a/clip.json").write_text("{}")
    report = prepare("own", home=place, offline=True)
    assert [(clip.clip, clip.status) for clip in report.clips] == [("a", "missing"), ("b", "skipped")]
    assert "no longer in" in report.clips[0].reason


def test_downloads_may_be_deleted_once_clips_are_prepared(place: Path, server: HostileServer) -> None:
    prepare("own", home=place, settings=QUICK)
    shutil.rmtree(place / "downloads")
    asked = len(server.asked)
    assert {clip.status for clip in prepare("own", home=place, settings=QUICK).clips} == {"skipped"}
    assert len(server.asked) == asked, "nothing is fetched again"
    shutil.rmtree(place / "prepared/own/web/clips/b")
    progress = Collected()
    report = prepare("own", home=place, offline=True, progress=progress)
    assert [(clip.clip, clip.status) for clip in report.clips] == [("a", "skipped"), ("b", "missing")]
    assert "is gone" in report.clips[1].reason
    assert any("what is prepared stays" in message for message in progress.messages)
    assert [clip.status for clip in prepare("own", home=place, settings=QUICK).clips] == ["skipped", "done"]


def test_other_settings_in_the_manifest_make_the_clips_anew(place: Path, server: HostileServer) -> None:
    prepare("own", home=place, settings=QUICK)
    install_own(place, server, extra="[sources.web.clips]\nsize = [32, 48]\nmax_frames = 3\n")
    with pytest.raises(DataMissingError):
        open_split("own", home=place)
    assert [clip.status for clip in prepare("own", home=place).clips] == ["done", "done"]
    record = open_split("own", home=place).clips[0].record
    assert (record.size, record.n_frames) == ((32, 48), 3)


def test_files_that_were_only_touched_are_not_decoded_again(place: Path) -> None:
    prepare("own", home=place, settings=QUICK)
    path = place / "downloads/own/web/a.mp4"
    os.utime(path, ns=(time.time_ns(), time.time_ns()))
    assert {clip.status for clip in prepare("own", home=place).clips} == {"skipped"}
    (place / "downloads/own/web/a.mp4.download.json").unlink()
    own_video(path, 6)
    assert [(clip.status, clip.n_frames) for clip in prepare("own", home=place).clips] == [
        ("done", 6),
        ("skipped", 4),
    ]


def test_sources_without_files_to_fetch(home: Path) -> None:
    with pytest.raises(InputError, match="is made here") as caught:
        fetch("tiny", home=home)
    assert caught.value.hint == "mcbench data prepare tiny"
    with pytest.raises(InputError, match="yours to bring") as caught:
        fetch("tiny", source="local", home=home)
    assert caught.value.hint == "mcbench data prepare tiny --source local --from DIR"
    with pytest.raises(InputError, match="yours to bring"):
        fetch("local/street", home=home)


def test_what_a_user_brings_must_be_a_folder_or_an_archive(place: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there") as caught:
        prepare("own", from_path=tmp_path / "mad" / "deep", home=place)
    assert f"{tmp_path} holds no mad; did you mean {tmp_path / 'made'}?" in caught.value.hint
    with pytest.raises(InputError, match="neither a folder nor an archive") as caught:
        prepare("own", from_path=tmp_path / "made/a.mp4", home=place)
    assert "archives end in" in caught.value.hint
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04broken")
    with pytest.raises(FileFormatError, match=r"broken\.zip"):
        prepare("own", from_path=tmp_path / "broken.zip", home=place)


def test_two_lines_of_a_list_with_one_name(place: Path, server: HostileServer) -> None:
    extra = f"""
[[sources.web.lists]]
into = "more"
file = {{ name = "list.txt", urls = ["{server.url("/list.txt")}"] }}
"""
    install_own(place, server, extra=extra)
    server.put("/list.txt", b"http://127.0.0.1/x/v.mp4\nhttp://127.0.0.1/y/v.mp4?b=1\n")
    with pytest.raises(FileFormatError, match="line 2: a second file"):
        fetch("own", home=place, settings=QUICK)
    (row,) = (each for each in download_status(home=place) if each.benchmark == "own")
    assert any("a second file" in note for note in row.notes)


def test_only_some_files(place: Path, server: HostileServer) -> None:
    extra = f"""
[[sources.web.lists]]
into = "more"
file = {{ name = "list.txt", urls = ["{server.url("/list.txt")}"] }}
"""
    install_own(place, server, extra=extra)
    server.put("/list.txt", f"{server.url('/b.mp4')}\n{server.url('/a.mp4')}\n".encode())
    report = fetch("own", only=["more/b*"], home=place, settings=QUICK)
    assert [file.file for file in report.files] == ["list.txt", "more/b.mp4"]
    assert report.complete
    report = prepare("own", only=["b.mp4"], home=place, settings=QUICK)
    assert [clip.clip for clip in report.clips] == ["b"]
    with pytest.raises(InputError, match="fits 'c") as caught:
        fetch("own", only=["a*", "c*"], home=place, settings=QUICK)
    assert "a.mp4, b.mp4, list.txt" in caught.value.hint


def test_a_subset_fetches_only_what_it_needs(place: Path, server: HostileServer) -> None:
    install_own(place, server, extra='[sources.web.subsets.half]\nclips = ["b"]\nfiles = ["b*"]\n')
    with pytest.raises(DataMissingError) as caught:
        prepare("own/half", home=place, offline=True)
    assert "run mcbench data fetch own/half" in caught.value.hint
    report = prepare("own/half", home=place, settings=QUICK)
    assert [(clip.clip, clip.status) for clip in report.clips] == [("b", "done")]
    assert not (place / "downloads/own/web/a.mp4").exists()
    assert [file.file for file in fetch("own/half", home=place, settings=QUICK).files] == ["b.mp4"]
    assert prepare("own", home=place, settings=QUICK).complete
    assert prepare("own/half", only=["a*"], home=place, settings=QUICK).complete
    with pytest.raises(InputError, match="fits 'z"):
        prepare("own/half", only=["z*"], home=place, settings=QUICK)


def test_what_was_brought_stays_the_source_until_told_otherwise(place: Path, tmp_path: Path) -> None:
    brought = tmp_path / "brought"
    own_video(brought / "a.mp4", 5)
    first = Collected()
    assert prepare("own", from_path=brought, home=place, progress=first).hint == ""
    assert not any("given earlier" in message for message in first.messages)
    (brought / "a.mp4").rename(brought / "other.mp4")
    shutil.rmtree(place / "prepared/own/web/clips/a")
    again = Collected()
    report = prepare("own/named", clips=["c"], home=place, progress=again)
    assert f"files from {brought}, given earlier with --from" in again.messages
    assert [clip.status for clip in report.clips] == ["missing"]
    assert f"nothing of own/named is in {brought}" in report.hint
    assert "mcbench data prepare own/named --from FOLDER --force" in report.hint
    assert "mcbench data prepare own/named --from-downloads" in report.hint
    assert {row.origin for row in status(home=place) if row.benchmark == "own"} == {str(brought)}
    shutil.rmtree(brought)
    with pytest.raises(InputError, match="given earlier with --from, is not there") as caught:
        prepare("own", home=place)
    assert "mcbench data prepare own --from-downloads" in caught.value.hint
    report = prepare("own", from_downloads=True, home=place, settings=QUICK)
    assert (report.complete, report.hint) == (True, "")
    assert {row.origin for row in status(home=place) if row.benchmark == "own"} == {""}


def test_from_downloads_needs_downloads(place: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--from is given too"):
        prepare("own", from_path=tmp_path, from_downloads=True, home=place)
    own_video(tmp_path / "in/a.mp4", 3)
    with pytest.raises(InputError, match="local/in has no downloads"):
        prepare("local/in", from_downloads=True, home=place)


def test_an_archive_of_ones_own_videos(tmp_path: Path) -> None:
    own_video(tmp_path / "in/wrapped/my dances/a.mp4", 3)
    own_video(tmp_path / "in/wrapped/my dances/b.mp4", 2)
    (tmp_path / "my clips.zip").write_bytes(zipped(tmp_path / "in"))
    report = prepare("local", from_path=tmp_path / "my clips.zip", home=tmp_path / "home")
    assert (report.name, [clip.n_frames for clip in report.clips]) == ("local/my_clips", [3, 2])
