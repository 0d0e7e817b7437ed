"""`python -m movenet`: the command line."""

from movenet.cli import main

if __name__ == "__main__":
    main()
