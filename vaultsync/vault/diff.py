"""Show what changes in a note, byte for byte, so that `patch` can do it as well."""

from __future__ import annotations

import difflib


def diff(old: bytes, new: bytes, name: str) -> str:
    """A unified diff of two states of a note, as `diff -u` writes it; empty when they are equal.

    Args:
        name: The note's path in the vault.
    """
    before, after = (data.decode("utf-8", "replace").split("\n") for data in (old, new))
    name += "\t" if " " in name else ""  # which says where a name of several words ends
    lines = difflib.unified_diff(_marked(before), _marked(after), f"a/{name}", f"b/{name}", lineterm="")
    return "".join(line + "\n" for line in lines)


def _marked(lines: list[str]) -> list[str]:
    """Lines without an empty last one; a last line without an end says so."""
    if not lines[-1]:
        return lines[:-1]
    return [*lines[:-1], lines[-1] + "\n\\ No newline at end of file"]
