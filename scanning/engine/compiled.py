"""Loops as machine code.

Numba keeps the machine code under NUMBA_CACHE_DIR, which the caller's environment sets; without it
beside the module or, where that is read-only, in the user's cache folder. Where nothing can be
written, each process compiles for itself. See `warm`.

What this module adds is part of every loop, and Numba looks at a loop's own file only: so its
code has a folder of its own for each version of this one.
"""

import hashlib
from pathlib import Path
from typing import Any

import numba
from numba.extending import intrinsic

_config: Any = numba.config
if _config.CACHE_DIR:
    _version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    _config.CACHE_DIR = str(Path(_config.CACHE_DIR) / _version)


def compiled(function: Any) -> Any:
    """The function as machine code, kept on disk where that can be."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder to keep it in
        return numba.njit(nogil=True)(function)


def _count_ones(typing_context: Any, word: Any) -> Any:
    """The number of set bits, as one machine instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


ones: Any = intrinsic(_count_ones)
