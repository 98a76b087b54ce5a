"""Metrics of the people of a prepared clip: what a protocol may ask for, and how a video is measured."""
