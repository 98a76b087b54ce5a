import numpy as np
import pytest
import torch
from scipy.ndimage import convolve1d

from mcbench.errors import InputError
from mcbench.model.latents import SpaceToDepthLatents, check_divisible, gate, smoothed


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_frames_survive_the_round_trip(factor: int) -> None:
    draw = torch.Generator().manual_seed(0)
    frames, guesses = (torch.randint(0, 256, (2, 3, 16, 8), generator=draw).float() for _ in range(2))
    space = SpaceToDepthLatents(factor, scale=2.0)
    latents = space.encode_frames(frames, guesses)
    assert latents.shape == (2, space.channels, 16 // factor, 8 // factor)
    assert torch.equal(space.decode_frames(latents, guesses, torch.ones(2, 1, 16, 8)).round(), frames)


def test_a_right_guess_is_zero_and_zero_is_the_guess() -> None:
    frames = torch.arange(3 * 8 * 8).reshape(1, 3, 8, 8).float()
    space = SpaceToDepthLatents(4, scale=1.0)
    assert not space.encode_frames(frames, frames).any()
    assert torch.equal(space.decode_frames(torch.zeros(1, 48, 2, 2), frames, torch.ones(1, 1, 8, 8)), frames)


def test_pictures_are_encoded_from_minus_one_to_one_block_by_block() -> None:
    picture = torch.zeros(1, 3, 8, 8)
    picture[:, :, 4:, :4] = 255
    latents = SpaceToDepthLatents(4, scale=3.0).encode(picture)
    assert (latents[0, :, 1, 0] == 1).all()
    assert (latents[0, :, 0, :] == -1).all()
    assert (latents[0, :, 1, 1] == -1).all()


def test_only_what_may_change_changes() -> None:
    space = SpaceToDepthLatents(2, scale=1.0)
    changeable = torch.zeros(1, 1, 4, 4)
    changeable[..., :2] = 1
    latents, guess = torch.full((1, 12, 2, 2), 0.5), torch.full((1, 3, 4, 4), 50.0)
    decoded = space.decode_frames(latents, guess, changeable)
    assert (decoded[..., 2:] == 50).all()
    assert (decoded[..., :2] == 50 + 63.75).all()
    assert torch.equal(
        space.decode_frames(space.masked(latents, changeable), guess, torch.ones(1, 1, 4, 4)), decoded
    )


def test_the_guess_may_be_of_a_larger_size() -> None:
    space = SpaceToDepthLatents(2, scale=1.0)
    guess = torch.rand(1, 3, 10, 6) * 100
    decoded = space.decode_frames(torch.full((1, 12, 2, 2), 0.5), guess, torch.ones(1, 1, 10, 6))
    torch.testing.assert_close(decoded, guess + 63.75, atol=1e-3, rtol=0)


def test_what_cannot_be_shown_is_clipped() -> None:
    space = SpaceToDepthLatents(2, scale=1.0)
    decoded = space.decode_frames(
        torch.full((1, 12, 1, 1), 5.0), torch.zeros(1, 3, 2, 2), torch.ones(1, 1, 2, 2)
    )
    assert (decoded == 255).all()


def test_sizes_that_do_not_divide_are_refused_with_one_that_does() -> None:
    check_divisible((224, 160), 8)
    with pytest.raises(InputError, match="multiples of 8") as caught:
        check_divisible((225, 167), 8)
    assert "224x160" in caught.value.hint


@pytest.mark.parametrize("side", [1, 3, 5])
def test_smoothing_is_scipys_binomial_convolution(side: int) -> None:
    pictures = torch.rand(2, 3, 12, 16, generator=torch.Generator().manual_seed(0))
    window = np.array([1.0])
    for _ in range(side - 1):
        window = np.convolve(window, [0.5, 0.5])
    expected = convolve1d(
        convolve1d(pictures.numpy(), window, axis=2, mode="nearest"), window, mode="nearest"
    )
    np.testing.assert_allclose(smoothed(pictures, side).numpy(), expected, atol=1e-6)


def test_smoothed_latents_lose_their_grid_but_not_their_mean() -> None:
    grid = torch.zeros(1, 48, 4, 4)
    grid[:, ::16] = 1.0  # one pixel of each block
    guesses, free = torch.full((1, 3, 16, 16), 100.0), torch.ones(1, 1, 16, 16)
    sharp, smooth = (
        SpaceToDepthLatents(4, scale=2.0, smoothing=side).decode_frames(grid, guesses, free) - guesses
        for side in (1, 5)
    )
    assert smooth.std() < 0.3 * sharp.std()
    assert smooth[..., 4:12, 4:12].mean() == pytest.approx(float(sharp[..., 4:12, 4:12].mean()), rel=1e-4)


def test_small_differences_fade_out_and_large_ones_stay() -> None:
    differences = torch.zeros(1, 3, 16, 24)
    differences[..., :8], differences[..., 16:] = 2.0, -60.0
    kept = gate(differences, 20.0)[0, 0]
    assert kept.shape == (16, 24)
    assert (kept[:, :4] < 0.05).all()
    assert (kept[:, 20:] > 0.99).all()
    assert (kept.diff(dim=1)[:, 12:] > -1e-6).all()
    assert float(gate(torch.full((1, 3, 8, 8), 20.0), 20.0).mean()) == pytest.approx(0.5)


def test_a_haze_leaves_the_guess_as_it_is() -> None:
    haze = torch.full((1, 48, 4, 4), 3 * 2.0 / 127.5)
    guesses, free = torch.full((1, 3, 16, 16), 100.0), torch.ones(1, 1, 16, 16)
    all_of_it, gated = (
        SpaceToDepthLatents(4, scale=2.0).decode_frames(haze, guesses, free, least_difference=least)
        for least in (0.0, 24.0)
    )
    torch.testing.assert_close(all_of_it, guesses + 3)
    assert (gated - guesses).abs().max() < 0.2
