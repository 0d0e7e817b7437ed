"""`python -m movenet` is the command line `movenet`."""

from movenet.cli import main

main()
