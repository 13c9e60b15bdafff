"""Run the command line with ``python -m micromarket``."""

from micromarket.cli.main import main

main()
