"""mcbench: benchmark and evaluation toolkit for human image animation with several people."""

__version__ = "0.1.0"
