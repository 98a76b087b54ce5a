"""Methods in containers of docker or podman: the engine, images made as environments, jobs run in them."""
