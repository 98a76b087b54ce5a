"""`mcbench protocol`: what the numbers are."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from mcbench.cli import console

app = typer.Typer(no_args_is_help=True, help="What a protocol computes, and what sets two of them apart.")
_WIDTH = 100
NameArgument = Annotated[str, typer.Argument(help="Name of a protocol, such as disco/2.")]


@app.command("list")
def list_protocols(as_json: console.JsonOption = False) -> None:
    """List the protocols.

    Example: mcbench protocol list
    """
    from mcbench.scoring import DEFAULT_PROTOCOLS, PROTOCOLS

    if as_json:
        console.emit_json(
            [{"name": one.name, "title": one.title, "sha256": one.sha256} for one in PROTOCOLS.values()]
        )
        return
    rows = [
        (one.name, one.title, "yes" if one.name in DEFAULT_PROTOCOLS else "", one.sha256[:12])
        for one in PROTOCOLS.values()
    ]
    console.print_table("protocols", ("name", "what it is", "by default", "settings"), rows)


@app.command()
def show(name: NameArgument, as_json: console.JsonOption = False) -> None:
    """Show every setting of a protocol and what it means.

    Example: mcbench protocol show disco/2
    """
    from mcbench.scoring import describe_protocol, protocol

    chosen = protocol(name)
    if as_json:
        console.emit_json(chosen.model_dump(mode="json") | {"sha256": chosen.sha256})
        return
    console.emit(_filled("", f"{chosen.name}: {chosen.title}"))
    console.emit(f"settings sha256 {chosen.sha256}")
    for group in describe_protocol(chosen):
        console.emit(f"\n{group.name}")
        for aspect in group.aspects:
            console.emit(_filled(f"  {aspect.name:<23}", aspect.words))
    if chosen.notes:
        console.emit("\nnotes")
    for note in chosen.notes:
        console.emit(_filled("  - ", note))


@app.command()
def diff(first: NameArgument, second: NameArgument, as_json: console.JsonOption = False) -> None:
    """Show only what two protocols settle differently, side by side.

    Example: mcbench protocol diff disco/2 mcbench/1
    """
    from dataclasses import asdict

    from mcbench.scoring import protocol, protocol_difference

    sides = protocol(first), protocol(second)
    differences = protocol_difference(*sides)
    if as_json:
        console.emit_json([asdict(one) for one in differences])
        return
    if not differences:
        console.emit(f"{first} and {second} settle everything alike")
        return
    column = (_WIDTH - 2) // 2
    console.emit(f"{sides[0].name:<{column}}  {sides[1].name}")
    group = ""
    for one in differences:
        if one.group != group:
            group = one.group
            console.emit(f"\n{group}")
        if one.name:
            console.emit(f"  {one.name}")
        left, right = (
            textwrap.wrap(f"    {words}", column - 1, subsequent_indent="    ", break_on_hyphens=False)
            for words in (one.first, one.second)
        )
        for place in range(max(len(left), len(right))):
            pair = [side[place] if place < len(side) else "" for side in (left, right)]
            console.emit(f"{pair[0]:<{column}}  {pair[1]}".rstrip())


def _filled(head: str, words: str) -> str:
    return textwrap.fill(
        words, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    )
