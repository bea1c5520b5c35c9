"""Checking what a log proves: Merkle trees, Ed25519 signatures, signed checkpoints.

The standard library only, so that the verifier runs with Python alone. Everything is pure: bytes
in, answer out. Formats: RFC 6962 (tree), RFC 8032 (Ed25519), C2SP signed-note and tlog-checkpoint.
Making proofs and signatures is in merkle.py and notes.py.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

# Merkle tree (RFC 6962, section 2.1; checks as in RFC 9162, section 2.1.3 and 2.1.4)

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A tree that grows to the right. Only the roots of its complete subtrees are kept."""

    def __init__(self, size: int = 0, edge: Iterable[bytes] = ()) -> None:
        self.size = size
        self.edge = list(edge)

    def append(self, leaf: bytes) -> None:
        self.size += 1
        size, node = self.size, leaf
        while size % 2 == 0:
            node = node_hash(self.edge.pop(), node)
            size //= 2
        self.edge.append(node)

    def root(self) -> bytes:
        if not self.edge:
            return EMPTY_ROOT
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = node_hash(left, root)
        return root


def root_of_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root of the tree of `size` leaves in which `leaf` stands at `index`.

    Raises ValueError for a proof that cannot be one of such a tree.
    """
    if not 0 <= index < size:
        raise ValueError("the index is outside of the tree")
    node, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if node % 2 or node == last:
            root = node_hash(sibling, root)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            root = node_hash(root, sibling)
        node, last = node // 2, last // 2
    if last:
        raise ValueError("the proof is too short")
    return root


def is_consistent(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `old` leaves is the beginning of the tree of `new` leaves."""
    if not 0 <= old <= new or any(len(item) != len(EMPTY_ROOT) for item in proof):
        return False
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        return not proof and old_root == expected
    node, last = old - 1, new - 1
    while node % 2:
        node, last = node // 2, last // 2
    path = list(proof) if node else [old_root, *proof]
    if not path:
        return False
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            second = node_hash(second, sibling)
        node, last = node // 2, last // 2
    return last == 0 and (first, second) == (old_root, new_root)


# Ed25519 (RFC 8032, section 5.1), checking only

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]
_NEUTRAL: _Point = (0, 1, 1, 0)


def _add(p: _Point, q: _Point) -> _Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    result = _NEUTRAL
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    return result


def _decompress(raw: bytes) -> _Point | None:
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x % 2 != sign else x
    return x, y, 1, x * y % _P


def _compress(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _decompress((4 * pow(5, -1, _P) % _P).to_bytes(32, "little")) or _NEUTRAL


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is the Ed25519 signature of `message` under the key `public`."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, s = _decompress(public), int.from_bytes(signature[32:], "little")
    if key is None or s >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    minus = (_P - key[0], key[1], key[2], _P - key[3])
    challenge = int.from_bytes(digest, "little") % _L
    return _compress(_add(_times(s, _BASE), _times(challenge, minus))) == signature[:32]


class BadSignature(Exception):
    """A signature that claims to be a known key's and is not."""


# Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint)


# Public key, message, signature.
Check = Callable[[bytes, bytes, bytes], bool]


class Key(NamedTuple):
    """A public key: what it is called, the four bytes that signatures name it by, the key."""

    name: str
    id: bytes
    public: bytes

    def __str__(self) -> str:
        key = base64.b64encode(b"\1" + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{key}"


class Checkpoint(NamedTuple):
    """What a log says about itself: so many entries have this root."""

    origin: str
    size: int
    root: bytes


def make_key(name: str, public: bytes) -> Key:
    return Key(name, hashlib.sha256(name.encode() + b"\n\1" + public).digest()[:4], public)


def read_key(text: str) -> Key:
    """A key as it is handed out: name, "+", id, "+", key. Raises ValueError."""
    name, known_as, key = text.strip().split("+", 2)
    raw = base64.b64decode(key, validate=True)
    if not name or any(part.isspace() for part in name):
        raise ValueError("the name of the key is empty or has a blank")
    if len(raw) != 33 or raw[0] != 1:
        raise ValueError("the key is not an Ed25519 key")
    found = make_key(name, raw[1:])
    if found.id.hex() != known_as:
        raise ValueError("the key is not the one that its number stands for")
    return found


def read_keys(text: str) -> list[Key]:
    """One key a line; empty lines and lines that start with # do not count. Raises ValueError."""
    lines = (line.strip() for line in text.splitlines())
    return [read_key(line) for line in lines if line and not line.startswith("#")]


def read_checkpoint(note: str) -> Checkpoint:
    """What a checkpoint says, whoever signed it. Raises ValueError if it is none."""
    if any(
        (ord(character) < 32 and character != "\n") or character == "\x7f" for character in note
    ):
        raise ValueError("a checkpoint has no control characters")
    lines = _split(note)[0].split("\n")
    if len(lines) != 4 or not lines[0]:
        raise ValueError("a checkpoint has three lines: origin, size and root")
    origin, size, root, _end = lines
    if not (size.isascii() and size.isdigit()) or (size != "0" and size.startswith("0")):
        raise ValueError("the size of a checkpoint is a plain number")
    raw = base64.b64decode(root, validate=True)
    if len(raw) != 32 or base64.b64encode(raw).decode() != root:
        raise ValueError("the root of a checkpoint is 32 bytes in base64")
    return Checkpoint(origin, int(size), raw)


def signers(note: str, keys: Iterable[Key], check: Check = is_signed) -> list[Key]:
    """Those of `keys` that signed the note. Signatures of unknown keys do not count.

    check: does what `is_signed` does; there are faster ones.

    Raises:
        ValueError: it is no signed note.
        BadSignature: a signature under a known key is wrong.
    """
    text, lines = _split(note)
    known = {(key.name, key.id): key for key in keys}
    found = []
    for line in lines:
        name, raw = _signature(line)
        key = known.get((name, raw[:4]))
        if key is None:
            continue
        if not check(key.public, text.encode(), raw[4:]):
            raise BadSignature(f"the signature of {name}+{key.id.hex()} is wrong")
        found.append(key)
    return found


def signed_with(note: str) -> list[str]:
    """Name and number of every key that claims to have signed the note."""
    named = [_signature(line) for line in _split(note)[1]]
    return [f"{name}+{raw[:4].hex()}" for name, raw in named]


def _split(note: str) -> tuple[str, list[str]]:
    text, blank, block = note.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise ValueError("a signed note is text, an empty line, and signatures")
    return text + "\n", block[:-1].split("\n")


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = base64.b64decode(encoded, validate=True)
    if dash != "—" or not name or "+" in name or len(raw) < 5:
        raise ValueError("a signature is a dash, the key's name, and base64")
    return name, raw
