"""`python -m mcbench.cli`."""

from mcbench.cli import main

main()
