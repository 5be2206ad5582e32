"""The command line as `python -m clvmodels`."""

from clvmodels.cli import main

if __name__ == "__main__":
    main()
