"""Run the program as `python -m vaultsync`; nothing is imported from the current folder, for a vault is not trusted."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the current folder, put there by -m; this package is installed elsewhere

from vaultsync.cli import main

if __name__ == "__main__":
    main()
