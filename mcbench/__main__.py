"""`python -m mcbench`."""

from mcbench.cli import main

main()
