"""Metrics of the people of a prepared clip: what a protocol may ask for, and how a video is measured."""

from __future__ import annotations

from mcbench.scoring.people.collector import (
    PeopleCollector,
    PeopleValues,
    mean_of_people,
    unavailable_metrics,
)
from mcbench.scoring.people.functions import FUNCTIONS

__all__ = ["FUNCTIONS", "PeopleCollector", "PeopleValues", "mean_of_people", "unavailable_metrics"]
