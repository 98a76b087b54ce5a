"""The page of several protocols: what stands on it, and that it reads off the protocols."""

from __future__ import annotations

import pytest

from mcbench.errors import InputError, MismatchError
from mcbench.scoring import (
    PROTOCOLS,
    SideBySide,
    as_markdown,
    as_text,
    number,
    protocol,
    side_by_side,
)
from tests.scoring.invented import record

NAMES = ("disco/2", "humanvid/1", "common-metrics/1", "mcbench/1")


@pytest.fixture(scope="module")
def page() -> SideBySide:
    return side_by_side([record(name) for name in (*NAMES, "people/1")], "warp on\nsolo")


def reasons(page: SideBySide, key: str) -> dict[str, dict[str, str]]:
    row = next(row for row in page.rows if row.key == key)
    return {reason.name: reason.words for reason in row.reasons}


def test_each_metric_is_a_row_and_each_protocol_of_frames_a_column(page: SideBySide) -> None:
    assert tuple(page.protocols) == NAMES, "people/1 has nothing to set beside them"
    keys = [row.key for row in page.rows]
    assert len(set(keys)) == len(keys)
    assert set(keys) == {metric.key for name in NAMES for metric in protocol(name).metrics}
    assert keys[:4] == ["l1", "psnr", "psnr_uint8", "ssim"]
    for row in page.rows:
        assert set(row.cells) == {
            name for name in NAMES if row.key in {metric.key for metric in protocol(name).metrics}
        }
        assert row.higher_is_better == (row.key in ("psnr", "psnr_uint8", "ssim"))


def test_errors_are_told_in_common_terms(page: SideBySide) -> None:
    assert reasons(page, "l1")["mean difference"] == {
        "disco/2": "24.77 of 255 levels",
        "mcbench/1": "24.79 of 255 levels",
    }
    assert "15.20 dB" in reasons(page, "psnr_uint8")["without the overflow"]["disco/2"]
    assert reasons(page, "lpips")["with the right input"] == {
        "disco/2": "the same frames read 0.4000 (lpips_vgg); this is -10%"
    }


def test_reasons_are_what_the_protocols_settle_differently(page: SideBySide) -> None:
    assert set(reasons(page, "ssim")["definition"]) == set(NAMES)
    assert len(set(reasons(page, "ssim")["definition"].values())) == 3
    assert "0..1" in reasons(page, "lpips")["input"]["humanvid/1"]
    assert "stride 1 " in reasons(page, "fvd")["items"]["disco/2"]
    assert "stride 16 " in reasons(page, "fvd")["items"]["mcbench/1"]
    assert "network" not in reasons(page, "fvd"), "the same in all"
    assert "2850 items of 10 videos" in reasons(page, "fvd")["made of"]["disco/2"]
    assert reasons(page, "fvd")["beware"] == {"common-metrics/1": "mostly bias"}
    assert "not a Frechet distance" in reasons(page, "logit_distance")["definition"]["humanvid/1"]
    assert "published as FVD" in reasons(page, "logit_distance")["note"]["humanvid/1"]
    frames = {reason.name: reason.words for reason in page.frames}
    assert set(frames) == {"crop", "size", "resize", "shapes", "reference frame", "average"}


def test_text_reads_at_100_columns_and_says_where_to_look(page: SideBySide) -> None:
    text = as_text(page)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("warp on solo: 3000 frames of 10 videos under 4 protocols")
    rows = {line.split()[0]: line for line in lines if line.endswith(("0.0972", "-", "left out"))}
    assert "3.780e-04 levels/px" in rows["l1"]
    fvd = next(line for line in lines if line.startswith("fvd ↓"))
    assert fvd.split() == ["fvd", "↓", "301.20", "see", "logit_distance", "301.20", "301.20"]
    assert next(line for line in lines if line.startswith("fid_vid ↓")).count("left out") == 2
    assert "  l1: the same frames read 3.780e-04 (disco/2) to 0.0972 (mcbench/1)" in lines
    assert "  psnr" in lines, "all the same"
    assert "left out: fid_vid of disco/2; fid_vid of mcbench/1: no weights of it" in text
    assert "to get it: mcbench weights add resnet50-kinetics FILE" in text
    assert max(map(len, as_text(page, 60).splitlines())) > 60, "the table is as wide as it is"


def test_markdown_is_a_table_and_escapes_what_it_is_given() -> None:
    page = side_by_side([record(name) for name in NAMES], "a|b <script> *c* `d` [e](f)")
    text = as_markdown(page)
    assert "a\\|b &lt;script> \\*c\\* \\`d\\` \\[e\\](f)" in text.splitlines()[0]
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(page.rows)
    assert all(line.replace("\\|", "").count("|") == 6 for line in table)
    assert "| logit\\_distance ↓ | - | 41.5000 | 41.5000 | - |" in table


def test_embedded_networks_stand_in_the_keys() -> None:
    page = side_by_side([record(name, family="embedded") for name in NAMES])
    keys = [row.key for row in page.rows]
    assert "fvd@embedded" in keys
    assert "fvd" not in keys
    assert "see logit_distance " in as_text(page)
    assert keys.index("fid@embedded") < keys.index("fvd@embedded")


def test_a_single_protocol_tells_all_of_itself() -> None:
    page = side_by_side([record("disco/2")])
    assert {reason.name for reason in page.frames} >= {"crop", "size", "intervals", "noise floor"}
    assert "network" in reasons(page, "fvd")


def test_what_it_refuses() -> None:
    with pytest.raises(InputError, match="no score"):
        side_by_side([])
    with pytest.raises(InputError, match="twice"):
        side_by_side([record("disco/2"), record("disco/2")])
    with pytest.raises(InputError, match="none of these protocols"):
        side_by_side([record("people/1")])
    with pytest.raises(MismatchError, match=r"different predictions(.|\n)*--protocol all"):
        side_by_side([record("disco/2"), record("mcbench/1", digest="7")])
    with pytest.raises(MismatchError, match="networks"):
        side_by_side([record("disco/2"), record("mcbench/1", family="embedded")])
    with pytest.raises(InputError, match="no protocol is called"):
        side_by_side([record("disco/2").model_copy(update={"protocol": "disco/0"})])


def test_it_survives_json(page: SideBySide) -> None:
    assert SideBySide.model_validate_json(page.model_dump_json()) == page


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0.0000"), (0.00078, "7.800e-04"), (-0.5, "-0.5000"), (99.99994, "99.9999"), (123.456, "123.46")],
)
def test_numbers(value: float, shown: str) -> None:
    assert number(value) == shown


def test_every_protocol_can_stand_on_the_page() -> None:
    for name in PROTOCOLS:
        if name != "people/1":
            assert side_by_side([record(name)]).protocols == {name: protocol(name).title}
