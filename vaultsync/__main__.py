"""Run the program as `python -m vaultsync`."""

from vaultsync.cli import main

if __name__ == "__main__":
    main()
