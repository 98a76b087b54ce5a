"""Submitting a scored run, and verifying what others submit."""

from __future__ import annotations

from mcbench.leaderboard.submit.checking import Check, check_run
from mcbench.leaderboard.submit.packing import pack_predictions
from mcbench.leaderboard.submit.sending import Sent, Wishes, submit_run
from mcbench.leaderboard.submit.verifying import Verification, find_submissions, verify_submission

__all__ = [
    "Check",
    "Sent",
    "Verification",
    "Wishes",
    "check_run",
    "find_submissions",
    "pack_predictions",
    "submit_run",
    "verify_submission",
]
