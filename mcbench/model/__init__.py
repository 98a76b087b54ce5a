"""The reference model: guiders, reference attention, networks, windows, pipeline and training."""
