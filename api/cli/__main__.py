"""`python -m api.cli` is `shequ`, where the command is not installed."""

from api.cli import main

main()
