from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcbench.leaderboard.style import column_order, displayed, scale_label, shown, style_of


@pytest.mark.parametrize(
    ("protocol", "metric", "value", "text"),
    [
        ("disco/2", "psnr", 17.126, "17.13"),
        ("disco/2", "l1", 3.7849e-4, "3.785"),
        ("mcbench/1", "l1", 0.09731, "0.0973"),
        ("disco/2", "ssim", 0.6, "0.6000"),
        ("disco/2", "fvd@embedded", 1234.5678, "1234.57"),
        ("mcbench/1", "kid", -0.00004, "0.0000"),
        ("mcbench/1", "kid", -0.0126, "-0.0126"),
        ("disco/2", "fvd", 1e300, f"{1e300:.2f}"),
    ],
)
def test_digits(protocol: str, metric: str, value: float, text: str) -> None:
    assert shown(value, style_of(protocol, metric)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_display_rounds_the_exact_value(value: float) -> None:
    style = style_of("disco/2", "psnr")
    assert displayed(value, style) == Decimal(f"{value:.2f}")
    assert not math.copysign(1, displayed(value, style)) < 0 or displayed(value, style) < 0


def test_half_goes_to_even() -> None:
    assert Decimal("0.125").quantize(Decimal("0.01"), ROUND_HALF_EVEN) == displayed(
        0.125, style_of("disco/2", "psnr")
    )


def test_order_is_the_fields_and_the_unknown_come_last() -> None:
    metrics = [
        "zeta",
        "fvd@embedded",
        "alpha",
        "ssim",
        "psnr_uint8",
        "lpips_vgg",
        "psnr",
        "fvd",
        "l1",
        "lpips",
    ]
    assert sorted(metrics, key=column_order) == [
        "l1", "psnr", "psnr_uint8", "ssim", "lpips", "lpips_vgg", "fvd", "fvd@embedded", "alpha", "zeta",
    ]  # fmt: skip


def test_labels_name_other_networks_and_the_scale() -> None:
    assert style_of("disco/2", "fvd@embedded").label == "FVD@embedded"
    assert style_of("disco/2", "new_metric@embedded").label == "new_metric@embedded"
    assert scale_label(style_of("disco/2", "l1")) == "×10⁻⁴"
    assert scale_label(style_of("mcbench/1", "l1")) == ""


def test_the_wrapped_psnr_is_neither_ranked_nor_judged() -> None:
    style = style_of("disco/2", "psnr_uint8")
    assert not style.family
    assert not style.judged
    assert "PSNR" not in style.label
