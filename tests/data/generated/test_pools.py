"""Train and test share neither people nor motions nor backgrounds."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from mcbench.data import generated
from mcbench.data.generated import SceneSpec, demo_clips, train_clip
from mcbench.data.generated.arithmetic import Random
from mcbench.data.generated.backdrop import choose_backdrop
from mcbench.data.generated.choreography import _programmes
from mcbench.data.generated.moves import ARMS, LEGS, TURNS
from mcbench.data.generated.people import WARDROBES, Body, Look, colour_of, draw_people
from mcbench.data.generated.props import PROPS
from mcbench.data.generated.surfaces import FLOORS, WALLS

TRAIN = [train_clip(index) for index in range(150)]
TEST = [*generated.test_clips(), *demo_clips()]


def hue_of(colour: tuple[float, float, float]) -> float:
    """Return the hue (turns) of linear RGB made by `colour_of`, whose gamma is 2."""
    red, green, blue = (c**0.5 for c in colour)
    high, low = max(red, green, blue), min(red, green, blue)
    if high == red:
        return ((green - blue) / (high - low)) % 6 / 6
    if high == green:
        return ((blue - red) / (high - low) + 2) / 6
    return ((red - green) / (high - low) + 4) / 6


def people_of(specs: Iterable[SceneSpec]) -> list[tuple[Body, Look]]:
    return [pair for spec in specs for pair in zip(*draw_people(spec), strict=True)]


@pytest.mark.parametrize("pools", [ARMS, LEGS, TURNS, WALLS, FLOORS, PROPS], ids=lambda p: str(sorted(p)))
def test_no_move_wall_floor_or_thing_is_in_both_pools(pools: dict[str, Iterable[object]]) -> None:
    assert set(pools) == {"train", "test"}
    assert not set(pools["train"]) & set(pools["test"])
    assert all(len(set(pools[name])) >= 3 for name in pools)


def test_no_kind_is_the_other_pools_painter_by_another_name() -> None:
    for pools in (WALLS, FLOORS, PROPS):
        assert not set(pools["train"].values()) & set(pools["test"].values())


def test_wardrobes_share_only_the_plain_pattern() -> None:
    train, test = WARDROBES["train"], WARDROBES["test"]
    assert set(train.patterns) & set(test.patterns) == {"plain"}
    for field in ("hues", "hairs", "bottoms", "skins", "hair_colours", "sleeves", "statures"):
        assert not set(getattr(train, field)) & set(getattr(test, field)), field
    for low, high in train.statures:
        assert all(high <= other_low or other_high <= low for other_low, other_high in test.statures)


@pytest.mark.parametrize("hue", [0.0, 0.04, 0.2, 0.45, 0.61, 0.83, 0.99])
def test_hue_of_reads_what_colour_of_made(hue: float) -> None:
    assert hue_of(colour_of(hue, 0.5, 0.7)) == pytest.approx(hue, abs=1e-9)


def test_people_keep_to_their_pool() -> None:
    for specs, pool in ((TRAIN, "train"), (TEST, "test")):
        wardrobe = WARDROBES[pool]
        for body, look in people_of(specs):
            assert any(low <= body.stature <= high for low, high in wardrobe.statures)
            assert look.skin in wardrobe.skins
            assert look.hair in wardrobe.hairs
            assert look.hair_colour in wardrobe.hair_colours
            assert look.bottom in wardrobe.bottoms
            assert look.sleeve in wardrobe.sleeves
            for cloth in (look.top, look.lower):
                assert cloth.pattern in wardrobe.patterns
                for colour in (cloth.colour, cloth.second, look.hat):
                    # Train's hues lie around whole twelfths of the circle, test's halfway between.
                    away = abs((hue_of(colour) * 12 + 0.5) % 1 - 0.5)
                    assert away < 0.25 if pool == "train" else away > 0.25


def test_every_choice_of_a_pool_comes_up() -> None:
    for specs, pool in ((TRAIN, "train"), (TEST, "test")):
        people = people_of(specs)
        wardrobe = WARDROBES[pool]
        assert {look.hair for _, look in people} == set(wardrobe.hairs)
        assert {look.bottom for _, look in people} == set(wardrobe.bottoms)
        assert {look.top.pattern for _, look in people} == set(wardrobe.patterns)
        backdrops = [choose_backdrop(spec) for spec in specs]
        assert {backdrop.wall for backdrop in backdrops} == set(WALLS[pool])
        assert {backdrop.floor for backdrop in backdrops} == set(FLOORS[pool])


def test_dances_are_made_of_their_own_pools_moves() -> None:
    for specs, pool in ((TRAIN[:20], "train"), (TEST, "test")):
        blocks = [b for spec in specs for p in _programmes(spec, Random(spec.seed, "moves"), 6) for b in p]
        assert {block.arms for block in blocks} == set(ARMS[pool])
        assert {block.legs for block in blocks} == set(LEGS[pool])


def test_the_people_of_a_clip_wear_different_hues_above() -> None:
    for spec in (*TRAIN[:40], *TEST):
        _, looks = draw_people(spec)
        hues = [round(hue_of(look.top.colour) * 24) % 24 for look in looks]
        assert len(set(hues)) == len(hues)
