"""The networks behind learned metrics: one registry, strict loading, no file under a wrong name."""
