from __future__ import annotations

import json
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.data.manifest import built_in_folder, check_manifest, load_manifest
from mcbench.errors import FileFormatError
from tests.data.making import TINY

BARE = """
id = "mine"
title = "Mine"
default_source = "web"

[sources.web]
kind = "files"
networks = "reference"

[[sources.web.files]]
name = "videos.zip"
urls = ["https://example.org/videos.zip"]
unpack = true

[sources.web.layout]
kind = "videos"
patterns = ["{clip}.mp4"]

[sources.web.subsets.default]
"""


def check(folder: Path, text: str, name: str = "mine.toml") -> tuple[list[str], list[str]]:
    """The fields of problems and of warnings."""
    (folder / name).write_text(text)
    found = check_manifest(folder / name)
    assert found.valid == (not found.problems)
    return [each.field for each in found.problems], [each.field for each in found.warnings]


@pytest.mark.parametrize("path", sorted(built_in_folder().glob("*")), ids=lambda path: path.stem)
def test_built_in_manifests_are_valid(path: Path) -> None:
    found = check_manifest(path)
    assert found.valid
    assert found.id == path.stem
    assert not [
        each for each in found.warnings if "no clip will belong" in each.text or "say how" in each.text
    ]


def test_what_is_missing_is_a_warning(tmp_path: Path) -> None:
    problems, warnings = check(tmp_path, BARE)
    assert problems == []
    assert warnings == [
        "licence",
        "citation",
        "homepage",
        "sources.web.subsets.default",
        "sources.web.files.0.sha256",
        "sources.web.terms",
    ]


def test_every_problem_is_told_with_its_field(tmp_path: Path) -> None:
    text = (
        BARE.replace('title = "Mine"', "title = 3").replace("https://", "ftp://").replace("{clip}", "{name}")
    )
    problems, _ = check(tmp_path, text)
    assert problems == [
        "title",
        "sources.web.files.0.urls",
        "sources.web.layout.patterns.0",
    ]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('urls = ["https://example.org/videos.zip"]\n', "", "sources.web.files.0.urls"),
        ("https://", "http://", "sources.web.files.0.urls"),
        ('kind = "videos"\npatterns = ["{clip}.mp4"]', 'kind = "folder"', "sources.web.layout"),
        (
            "subsets.default]",
            'subsets.default]\nwhere = { split = ["test"] }',
            "sources.web.subsets.default.where.split",
        ),
        ("subsets.default]", "subsets.other]", "sources.web.subsets"),
    ],
)
def test_what_works_and_is_doubtful(tmp_path: Path, old: str, new: str, field: str) -> None:
    _, before = check(tmp_path, BARE)
    problems, warnings = check(tmp_path, BARE.replace(old, new))
    assert problems == []
    assert field in set(warnings) - set(before)


def test_a_file_with_a_hash_and_terms_and_counts_needs_no_warning(tmp_path: Path) -> None:
    text = BARE.replace("unpack = true", f'unpack = true\nsha256 = "{"0" * 64}"') + "videos = 3\n"
    text = text.replace('title = "Mine"', 'title = "Mine"\nlicence = "CC0"\ncitation = "Me"\nhomepage = "x"')
    text += '\n[terms]\nsummary = "Do what you like."\n'
    assert check(tmp_path, text) == ([], [])


@pytest.mark.parametrize(
    ("old", "new", "field", "meant"),
    [
        ("title =", "titel =", "titel", "title"),
        ("networks =", "network =", "sources.web.network", "networks"),
        ("unpack =", "unpak =", "sources.web.files.0.unpak", "unpack"),
        ("patterns =", "pattern =", "sources.web.layout.pattern", "patterns"),
        ("default]", "default]\nwher = {}", "sources.web.subsets.default.wher", "where"),
        ("[sources.web]", "[terms]\nsumary = 'x'\n[sources.web]", "terms.sumary", "summary"),
    ],
)
def test_an_unknown_field_tells_the_one_that_is_meant(
    tmp_path: Path, old: str, new: str, field: str, meant: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(BARE.replace(old, new))
    told = {each.field: each.text for each in check_manifest(path).problems}
    assert told[field] == f"there is no such field: did you mean {meant!r}?"


def test_an_unknown_field_like_no_other_tells_all(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(BARE + "flavour = 3\n")
    (problem,) = check_manifest(path).problems
    assert (
        problem.text == "there is no such field; there are clips, description, files, frames, videos, where"
    )


@pytest.mark.parametrize("text", ["id = ", "", "\x00"])
def test_files_that_are_no_manifest(tmp_path: Path, text: str) -> None:
    problems, _ = check(tmp_path, text)
    assert problems


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert check_manifest(tmp_path / "none.toml").problems[0].field == "the file"
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    assert not check_manifest(tmp_path / "a.toml").valid
    assert check(tmp_path, "{" * 5000, "mine.json")[0] == ["the file"]
    assert check(tmp_path, "[1]", "mine.json")[0]


def test_json_says_the_same(tmp_path: Path) -> None:
    assert check(tmp_path, json.dumps(tomllib.loads(BARE)), "mine.json") == check(tmp_path, BARE)


def test_a_generated_source_needs_no_terms(tmp_path: Path) -> None:
    _, warnings = check(tmp_path, TINY)
    assert [field for field in warnings if "terms" in field] == []


VALUES = st.sampled_from(
    [
        None,
        1,
        -1,
        1.5,
        "",
        "x",
        [],
        {},
        ["a", 1],
        {"a": 1},
        True,
        "../x",
        "{clip}",
        "1..3",
        [["1..9"]],
        "a" * 300,
    ]
)


@settings(max_examples=150)
@given(data=st.data())
def test_whatever_a_manifest_says_it_is_checked(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(built_in_folder().glob("*.toml"))))
    content: Any = tomllib.loads(path.read_text())
    inside = content
    while True:
        key = data.draw(st.sampled_from(sorted(inside) if isinstance(inside, dict) else range(len(inside))))
        if not (isinstance(inside[key], dict | list) and inside[key]) or data.draw(st.booleans()):
            inside[key] = data.draw(VALUES)
            break
        inside = inside[key]
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / "changed.json"
        changed.write_text(json.dumps(content))
        found = check_manifest(changed)
        if found.valid:
            load_manifest(str(changed))
        else:
            with pytest.raises(FileFormatError, match="not a valid manifest"):
                load_manifest(str(changed))
