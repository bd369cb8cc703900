"""Run the program as `python -m vaultsync`; never import from the current folder, which may be a vault."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the current folder, put there by -m; this package is installed elsewhere

from vaultsync.cli import main

if __name__ == "__main__":
    main()
