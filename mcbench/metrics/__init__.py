"""Metrics: pure functions on frames and features, and the networks that make features."""
