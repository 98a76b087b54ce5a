"""Methods that run in this process with diffusers' own pipelines."""
