"""How a DICOM file begins (PS3.10, section 7.1). Needs no library, so that a lack of it is told."""

from typing import Final, Literal

# What a data set can begin with where the preamble is missing: file meta or identification.
_GROUPS: Final = (0x0002, 0x0008)
_REPRESENTATIONS: Final = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OW PN SH SL SQ SS ST TM UI UL UN US UT".split()
)
_LONGEST: Final = 1024


def has_preamble(head: bytes) -> bool:
    return head[128:132] == b"DICM"


def may_be_bare(head: bytes) -> bool:
    """Whether a file begins with a data element; only a parser can then tell."""
    if len(head) < 8:
        return False
    order: Literal["little", "big"] = "little" if head[1] == 0 else "big"
    group = int.from_bytes(head[:2], order)
    element = int.from_bytes(head[2:4], order)
    if group not in _GROUPS or element > 0x0100:
        return False
    is_explicit = head[4:6] in _REPRESENTATIONS
    return is_explicit or int.from_bytes(head[4:8], "little") <= _LONGEST
