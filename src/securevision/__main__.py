"""`python -m securevision`."""

from securevision.cli import main

main()
