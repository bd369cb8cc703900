"""How files are packed, and how they are unpacked; knows no limits and no format."""

from __future__ import annotations

import gzip
import struct
import sys
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from types import ModuleType

Packing = Literal["", "gzip", "Zstandard", "ZIP"]
"""How a file is packed; empty: it is not."""
ENDINGS = (".gz", ".zst")
"""How the names of packed files end, behind the name of what is in them."""
PACKED = (*ENDINGS, ".zip")
"""How the names of all packed files end; a ZIP has its own name, for it may hold many."""
BLOCK = 128 * 1024
"""Unpacked bytes of which nothing may be had before the packed ones are there as a whole."""
_MAGIC: dict[bytes, Packing] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "Zstandard"}
_MAGIC |= {b"PK\x03\x04": "ZIP", b"PK\x05\x06": "ZIP"}
_OWN_ZSTD = sys.version_info >= (3, 14)
_REMEDY = "use a Python that was built with it" if _OWN_ZSTD else "install the package backports.zstd"


class Unpackable(OSError):
    """The beginning of a file is damaged, or what would unpack it is not installed."""


def plain_name(name: str) -> str:
    """A file name without the ending of a packed file."""
    return next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)


def packing_of(data: bytes) -> Packing:
    """How data that begins so is packed."""
    return next((packing for magic, packing in _MAGIC.items() if data.startswith(magic)), "")


def unpacked(data: bytes, packing: Packing, size: int) -> bytes:
    """Unpack the beginning of packed data that is no ZIP, at most `size` bytes.

    Raises:
        Unpackable: It is damaged, or cannot be unpacked here.
    """
    try:
        if packing == "gzip":
            return zlib.decompressobj(wbits=31).decompress(data, size)
        return cast(bytes, _zstd().ZstdDecompressor().decompress(data, max_length=size))
    except damages(packing) as error:
        raise Unpackable(f"a damaged {packing} file") from error


def open_packed(path: Path, packing: Packing) -> IO[bytes]:
    """Open a packed file that is no ZIP; reading raises `damages` where it is damaged."""
    opened: Any = gzip.GzipFile(path) if packing == "gzip" else _zstd().ZstdFile(path)
    return cast("IO[bytes]", opened)


def damages(packing: Packing) -> tuple[type[Exception], ...]:
    """What unpacking raises where the data is cut or damaged."""
    if packing == "gzip":
        return EOFError, zlib.error, gzip.BadGzipFile
    if packing == "ZIP":  # whose reader believes what stands there, and looks for places that are none
        from zipfile import BadZipFile

        faults = (ValueError, OSError, OverflowError, NotImplementedError)
        return BadZipFile, EOFError, zlib.error, struct.error, *faults
    return (EOFError, _zstd().ZstdError) if packing else ()


def _zstd() -> ModuleType:
    """The library that few files need; Python has its own since 3.14."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise Unpackable(f"it is packed with Zstandard; {_REMEDY}") from None
    return zstd
