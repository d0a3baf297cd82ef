"""`python -m modules.cli`."""

from modules.cli.app import main

main()
