import pytest
import torch

from mcbench.errors import InputError
from mcbench.model.latents import SpaceToDepthLatents, check_divisible


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
