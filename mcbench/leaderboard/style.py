"""How each metric is shown: its name, digits, scale, place among the columns, and part in the ranking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class MetricStyle:
    """How one metric is shown.

    Attributes:
        label: its name in a table's head.
        decimals: digits after the point.
        exponent: the value is shown in units of ten to this power.
        family: metrics of one family measure nearly the same thing and count once in the ranking; an
            empty family never counts.
        biased: a Frechet distance, which reads too large on small sets.
        judged: whether a best value is marked at all.
    """

    label: str
    decimals: int
    exponent: int = 0
    family: str = ""
    biased: bool = False
    judged: bool = True


# The order here is the order of the columns, and within a family the first one present is ranked.
_STYLES = {
    "l1": MetricStyle("L1", 4, family="absolute error"),
    "psnr": MetricStyle("PSNR", 2, family="PSNR"),
    "psnr_uint8": MetricStyle("psnr_uint8", 2, judged=False),
    "ssim": MetricStyle("SSIM", 4, family="SSIM"),
    "lpips": MetricStyle("LPIPS", 4, family="LPIPS"),
    "lpips_alex": MetricStyle("LPIPS-Alex", 4, family="LPIPS"),
    "lpips_vgg": MetricStyle("LPIPS-VGG", 4, family="LPIPS"),
    "fid": MetricStyle("FID", 2, family="frame distance", biased=True),
    "kid": MetricStyle("KID", 4, family="frame distance"),
    "fid_vid": MetricStyle("FID-VID", 2, family="FID-VID", biased=True),
    "fvd": MetricStyle("FVD", 2, family="video distance", biased=True),
    "kvd": MetricStyle("KVD", 4, family="video distance"),
    "logit_distance": MetricStyle("logit distance", 2),
    "person_psnr": MetricStyle("person PSNR", 2, family="person PSNR"),
    "person_ssim": MetricStyle("person SSIM", 4, family="person SSIM"),
    "person_lpips": MetricStyle("person LPIPS", 4, family="person LPIPS"),
    "iaa": MetricStyle("IAA", 4, family="identity"),
    "iaa_cross": MetricStyle("IAA_cross", 4, family="identity"),
    "identity_accuracy": MetricStyle("identity accuracy", 4, family="identity"),
    "identity_swap_rate": MetricStyle("identity swaps", 4, family="identity"),
    "missing_people": MetricStyle("missing people", 4, family="presence"),
    "extra_people": MetricStyle("extra people", 4, family="presence"),
    "occlusion_order": MetricStyle("occlusion order", 4, family="order"),
    "oks": MetricStyle("OKS", 4, family="pose"),
    "pck": MetricStyle("PCK", 4, family="pose"),
    "pck_head": MetricStyle("PCK, head", 4, family="pose"),
    "mpjpe": MetricStyle("MPJPE-2D", 2, family="pose"),
    "mpjpe_height": MetricStyle("MPJPE, heights", 4, family="pose"),
    "akd": MetricStyle("AKD", 2, family="pose"),
    "mkr": MetricStyle("MKR", 4, family="pose"),
    "pose_found": MetricStyle("found by pose", 4, family="pose"),
}
_OF_THE_DATA = "signature_distance"
_TRUTH = "_truth"
_BY_PROTOCOL = {
    # disco/2 divides by the number of pixels of a frame, so its values are a few 1e-4.
    ("disco/2", "l1"): MetricStyle("L1", 3, exponent=-4, family="absolute error"),
    ("mcbench/1", "l1"): MetricStyle("MAE", 4, family="absolute error"),
}
_PLACES = {name: place for place, name in enumerate(_STYLES)}


def style_of(protocol: str, metric: str) -> MetricStyle:
    """Return how `metric` (such as `psnr` or `fid@embedded`) of `protocol` is shown.

    A metric that is not known here gets its own name, four decimals and no part in the ranking.
    """
    base, at, networks = metric.partition("@")
    style = _BY_PROTOCOL.get((protocol, base)) or _STYLES.get(base) or MetricStyle(base, 4)
    return replace(style, label=f"{style.label}{at}{networks}")


def is_of_the_data(metric: str) -> bool:
    """Return whether a metric tells of the data alone, so that it ranks no method and has no column."""
    base = metric.partition("@")[0]
    return base == _OF_THE_DATA or base.endswith(_TRUTH)


def reading_of_the_truth(metric: str) -> str:
    """Return the metric that tells what the true frames read under `metric`, such as `oks_truth` of `oks`."""
    base, at, networks = metric.partition("@")
    return f"{base}{_TRUTH}{at}{networks}"


def column_order(metric: str) -> tuple[int, str]:
    """Return the sort key of a metric's column: the known ones in their order, then the others by name."""
    base = metric.partition("@")[0]
    return _PLACES.get(base, len(_PLACES)), metric


def scale_label(style: MetricStyle) -> str:
    """Return the factor that the shown numbers are multiplied by, such as `×10⁻⁴`, or nothing."""
    return f"×10{str(style.exponent).translate(SUPERSCRIPT)}" if style.exponent else ""


def displayed(value: float, style: MetricStyle) -> Decimal:
    """Return `value` as it is shown: scaled and rounded half to even, exactly, so alike on any machine."""
    with localcontext() as context:
        context.prec = 400  # the widest float has 309 digits before the point
        step = Decimal(1).scaleb(-style.decimals)
        rounded = Decimal(value).scaleb(-style.exponent).quantize(step, rounding=ROUND_HALF_EVEN)
    return abs(rounded) if rounded.is_zero() else rounded


def shown(value: float, style: MetricStyle) -> str:
    """Return the digits of `displayed`."""
    return format(displayed(value, style), "f")
