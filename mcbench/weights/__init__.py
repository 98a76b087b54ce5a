"""Weights of networks by name and sha256: what there is, where it comes from, what is here."""

from __future__ import annotations

from mcbench.weights.catalogue import CATALOGUE, Archive, Check, Download, Entry, Manual, entry
from mcbench.weights.fetching import fetch
from mcbench.weights.store import Installed, Present, State, add, find, is_present, present, states, verify

__all__ = [
    "CATALOGUE",
    "Archive",
    "Check",
    "Download",
    "Entry",
    "Installed",
    "Manual",
    "Present",
    "State",
    "add",
    "entry",
    "fetch",
    "find",
    "is_present",
    "present",
    "states",
    "verify",
]
