"""Who the people are: bodies, skin, hair and clothes, drawn from pools that train and test do not share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from mcbench.data.generated.arithmetic import Random
from mcbench.data.generated.specs import SceneSpec

Colour = tuple[float, float, float]
Pattern = Literal[
    "plain", "bands", "checks", "dots", "halves", "badge",
    "pinstripes", "diagonal", "plaid", "diamonds", "hem", "cross",
]  # fmt: skip
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
"""All patterns; a part's surface holds a pattern's place in this list."""
Hair = Literal["short", "long", "bun", "cap", "bald", "bob", "ponytail", "beanie", "afro"]
Bottom = Literal["trousers", "shorts", "skirt", "flared", "pencil", "leggings"]


@dataclass(frozen=True)
class Body:
    """One person's build.

    Attributes:
        stature: height in metres.
        girth: factor of all thicknesses.
        bust: how far the chest stands out, in statures.
        spine, neck, head: lengths from the pelvis to the shoulders, on to the head, and half the head's, in
            metres.
        head_radii: half the head's width, height and depth in metres.
        shoulder, hip: half the distance between the joints in metres.
        upper_arm, forearm, thigh, shin, ankle: lengths in metres; of the ankle, its height.
    """

    stature: float
    girth: float
    bust: float
    spine: float
    neck: float
    head: float
    head_radii: tuple[float, float, float]
    shoulder: float
    hip: float
    upper_arm: float
    forearm: float
    thigh: float
    shin: float
    ankle: float

    @property
    def leg(self) -> float:
        """Length of the straight leg from hip to ankle."""
        return self.thigh + self.shin


@dataclass(frozen=True)
class Cloth:
    """One piece of clothing's surface: linear RGB in 0..1, and a pattern in the second colour.

    A `scale` above 1 makes the pattern larger.
    """

    colour: Colour
    second: Colour
    pattern: Pattern
    scale: float


@dataclass(frozen=True)
class Look:
    """What a person wears and is coloured like. Looks can be exchanged between bodies.

    Attributes:
        skin, lips, iris, hair_colour, shoes, socks, hat: linear RGB.
        hair: hair style or headgear.
        top: cloth of the trunk and the sleeves.
        sleeve: how much of the arm it covers: 0.5 as far as the elbow, 1 as far as the wrist.
        bottom: what is worn below.
        lower: its cloth.
        leg_cover: how much of the leg it covers, as with the sleeves.
    """

    skin: Colour
    lips: Colour
    iris: Colour
    hair: Hair
    hair_colour: Colour
    top: Cloth
    sleeve: float
    bottom: Bottom
    lower: Cloth
    leg_cover: float
    shoes: Colour
    socks: Colour
    hat: Colour


@dataclass(frozen=True)
class Wardrobe:
    """What one pool may draw from. Hues are in turns; each is a centre, drawn from within 1/64 of it."""

    hues: tuple[float, ...]
    patterns: tuple[Pattern, ...]
    hairs: tuple[Hair, ...]
    bottoms: tuple[Bottom, ...]
    skins: tuple[Colour, ...]
    hair_colours: tuple[Colour, ...]
    sleeves: tuple[float, ...]
    statures: tuple[tuple[float, float], ...]


WARDROBES: dict[str, Wardrobe] = {
    "train": Wardrobe(
        hues=tuple(k / 12.0 for k in range(0, 12, 1)),
        patterns=("plain", "bands", "checks", "dots", "halves", "badge"),
        hairs=("short", "long", "bun", "cap", "bald"),
        bottoms=("trousers", "shorts", "skirt"),
        skins=((0.76, 0.50, 0.37), (0.58, 0.34, 0.22), (0.33, 0.17, 0.10), (0.85, 0.61, 0.49),
               (0.20, 0.10, 0.06)),
        hair_colours=((0.03, 0.02, 0.02), (0.18, 0.08, 0.03), (0.62, 0.42, 0.16), (0.30, 0.29, 0.28)),
        sleeves=(0.42, 1.0),
        statures=((1.52, 1.62), (1.70, 1.78)),
    ),
    "test": Wardrobe(
        hues=tuple(k / 12.0 + 1.0 / 24.0 for k in range(0, 12, 1)),
        patterns=("plain", "pinstripes", "diagonal", "plaid", "diamonds", "hem", "cross"),
        hairs=("bob", "ponytail", "beanie", "afro"),
        bottoms=("flared", "pencil", "leggings"),
        skins=((0.80, 0.56, 0.42), (0.66, 0.42, 0.28), (0.44, 0.24, 0.14), (0.26, 0.13, 0.08)),
        hair_colours=((0.05, 0.03, 0.02), (0.34, 0.12, 0.04), (0.45, 0.27, 0.09), (0.10, 0.05, 0.06)),
        sleeves=(0.0, 0.7),
        statures=((1.62, 1.70), (1.78, 1.88)),
    ),
}  # fmt: skip
"""The pools. Their hues lie in intervals that do not meet; no hair, bottom, sleeve, skin or stature is in
both, and no pattern except plain."""


def colour_of(hue: float, saturation: float, value: float) -> Colour:
    """Return linear RGB of a hue (turns), saturation and value."""
    scaled = (hue - int(hue)) * 6.0
    sector = int(scaled)
    part = scaled - sector
    low, down, up = 1.0 - saturation, 1.0 - saturation * part, 1.0 - saturation * (1.0 - part)
    red, green, blue = (
        (1.0, up, low), (down, 1.0, low), (low, 1.0, up), (low, down, 1.0), (up, low, 1.0), (1.0, low, down)
    )[sector]  # fmt: skip
    return (value * red * red, value * green * green, value * blue * blue)


def _cloth(random: Random, wardrobe: Wardrobe, hue: float, bright: bool) -> Cloth:
    muted = random.chance(0.3 if bright else 0.6)
    saturation = random.uniform(0.1, 0.3) if muted else random.uniform(0.4, 0.75)
    value = random.uniform(0.4, 0.95) if bright else random.uniform(0.16, 0.55)
    colour = colour_of(hue, saturation, value)
    other = random.choice(wardrobe.hues) + random.uniform(-1.0, 1.0) / 64.0 + 1.0
    light = random.chance(0.5)
    second = colour_of(other, 0.06 if light else 0.65, 0.92 if value < 0.6 else (0.95 if light else 0.28))
    patterns = (
        wardrobe.patterns
        if bright
        else tuple(p for p in wardrobe.patterns if p not in ("badge", "cross", "hem"))
    )
    return Cloth(colour, second, random.choice(patterns), random.uniform(0.8, 1.25))


def draw_people(spec: SceneSpec) -> tuple[tuple[Body, ...], tuple[Look, ...]]:
    """Return the bodies and the looks of a clip's people; hues within a clip differ."""
    wardrobe = WARDROBES[spec.pool]
    random = Random(spec.seed, "people")
    hues = random.shuffled(wardrobe.hues)
    hairs = random.shuffled(wardrobe.hairs)
    bodies, looks = [], []
    for k in range(spec.n_people):
        bodies.append(_body(random, wardrobe))
        hue = hues[k] + random.uniform(-1.0, 1.0) / 64.0 + 1.0
        lower_hue = hues[-1 - k] + random.uniform(-1.0, 1.0) / 64.0 + 1.0
        looks.append(_look(random, wardrobe, hue, lower_hue, hairs[k % len(hairs)]))
    return tuple(bodies), tuple(looks)


def _body(random: Random, wardrobe: Wardrobe) -> Body:
    s = random.uniform(*random.choice(wardrobe.statures))
    girth = random.uniform(0.86, 1.16)
    broad = random.uniform(-0.008, 0.010)
    return Body(
        stature=s, girth=girth, bust=random.uniform(0.024, 0.042), spine=0.292 * s,
        neck=0.05 * s, head=0.066 * s,
        head_radii=(0.051 * s, 0.072 * s, 0.059 * s), shoulder=(0.102 + broad) * s,
        hip=(0.052 - 0.4 * broad) * s, upper_arm=0.168 * s, forearm=0.146 * s,
        thigh=0.242 * s, shin=0.238 * s, ankle=0.042 * s,
    )  # fmt: skip


def _look(random: Random, wardrobe: Wardrobe, hue: float, lower_hue: float, hair: Hair) -> Look:
    skin = random.choice(wardrobe.skins)
    bottom = random.choice(wardrobe.bottoms)
    cover = {"trousers": 1.0, "flared": 0.0, "shorts": 0.46, "skirt": 0.0, "pencil": 0.0, "leggings": 0.9}[
        bottom
    ]
    plain = random.chance(0.6)
    lower = _cloth(random, wardrobe, lower_hue, bright=False)
    if plain:
        lower = Cloth(lower.colour, lower.second, "plain", lower.scale)
    dark = random.chance(0.5)
    return Look(
        skin=skin, lips=(skin[0] * 0.8, skin[1] * 0.42, skin[2] * 0.45),
        iris=random.choice(((0.05, 0.03, 0.02), (0.08, 0.12, 0.2), (0.07, 0.1, 0.04))),
        hair=hair, hair_colour=random.choice(wardrobe.hair_colours),
        top=_cloth(random, wardrobe, hue, bright=True), sleeve=random.choice(wardrobe.sleeves),
        bottom=bottom, lower=lower, leg_cover=cover,
        shoes=(0.03, 0.03, 0.035) if dark else (0.75, 0.73, 0.7), socks=(0.7, 0.7, 0.7),
        hat=colour_of(hue + random.uniform(-1.0, 1.0) / 192.0, 0.7, 0.4),
    )  # fmt: skip
