"""Signing checkpoints: C2SP signed notes with Ed25519 keys. Pure; reading them is in proofs.py."""

import base64
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dedup_site.audit.proofs import Checkpoint, Key, make_key

PREFIX = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its public side. It never shows itself in logs and errors."""

    key: Key
    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def make(cls, name: str) -> "Signer":
        """A new key. Raises ValueError for a name that a note could not carry."""
        return cls.of(name, Ed25519PrivateKey.generate())

    @classmethod
    def of(cls, name: str, private: Ed25519PrivateKey) -> "Signer":
        if not name or "+" in name or any(part.isspace() for part in name):
            raise ValueError(f"A key's name has no blanks and no plus sign: {name!r}.")
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(make_key(name, public), private)

    @classmethod
    def read(cls, text: str) -> "Signer":
        """The key that `text` wrote down. Raises ValueError, without a word of the key."""
        name, known_as, encoded = [*text.strip().removeprefix(PREFIX).split("+", 2), "", ""][:3]
        try:
            raw = base64.b64decode(encoded, validate=True)
            found = cls.of(name, Ed25519PrivateKey.from_private_bytes(raw[1:]))
        except ValueError:
            raise ValueError("This is no signing key.") from None
        if raw[0] != 1 or not text.startswith(PREFIX) or found.key.id.hex() != known_as:
            raise ValueError("This is no signing key.")
        return found

    def text(self) -> str:
        """The key as the key file holds it: the form that other tools for signed notes use."""
        raw = base64.b64encode(b"\1" + self._private.private_bytes_raw()).decode()
        return f"{PREFIX}{self.key.name}+{self.key.id.hex()}+{raw}\n"

    def sign(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a signed note."""
        text = body_of(checkpoint)
        raw = self.key.id + self._private.sign(text.encode())
        return f"{text}\n— {self.key.name} {base64.b64encode(raw).decode()}\n"


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """As proofs.is_signed, a hundred times faster."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def body_of(checkpoint: Checkpoint) -> str:
    """What is signed: origin, size and root, a line each."""
    root = base64.b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n"
