"""What is written down of images and containers, which lie outside of mcbench's folders."""

from __future__ import annotations

from mcbench.records import Part, Record


class ContainerImage(Part):
    """The image that a method's environment is in."""

    engine: str
    """The program that it is run by: docker or podman."""
    name: str
    """Its tag."""
    id: str
    base: str
    """The image that it was made from."""
    base_id: str


class Left(Record):
    """`container.json`: what of a folder is in an engine, written before it is made, so that it can be found.

    Whoever finds it in a folder that a killed process left knows what to remove.
    """

    engine: str
    container: str
    """Its name; there may be none of it any more."""
    image: str = ""
    """Its tag."""
