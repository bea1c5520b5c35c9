"""Signatures and notes: the RFC's vectors, our own signer, and notes that must be refused."""

import base64
import binascii

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from dedup_site.audit.notes import Signer
from dedup_site.audit.proofs import (
    EMPTY_ROOT,
    BadSignature,
    Checkpoint,
    is_signed,
    leaf_hash,
    read_checkpoint,
    read_key,
    read_keys,
    signed_with,
    signers,
)

# RFC 8032, section 7.1: public key, message, signature (tests 1, 2 and 3).
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
            "b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
            "1d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
            "c6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(public: str, message: str, signature: str) -> None:
    key, text, raw = (bytes.fromhex(part) for part in (public, message, signature))
    assert is_signed(key, text, raw)
    assert not is_signed(key, text + b"!", raw)
    for place in (0, 31, 32, 63):
        spoilt = bytearray(raw)
        spoilt[place] ^= 1
        assert not is_signed(key, text, bytes(spoilt))
    spoilt_key = bytearray(key)
    spoilt_key[0] ^= 1
    assert not is_signed(bytes(spoilt_key), text, raw)
    assert not is_signed(key[:31], text, raw)
    assert not is_signed(key, text, raw[:63])


def test_a_signature_has_one_form_only() -> None:
    """s + L would be the same signature: RFC 8032 refuses it, so that nobody can make a second."""
    public, message, signature = (bytes.fromhex(part) for part in VECTORS[2])
    again = int.from_bytes(signature[32:], "little") + ORDER
    assert not is_signed(public, message, signature[:32] + again.to_bytes(32, "little"))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=60), st.integers(0, 511))
def test_both_implementations_agree(seed: bytes, message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert is_signed(public, message, signature)
    spoilt = bytearray(signature)
    spoilt[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(bytes(spoilt), message)
    assert not is_signed(public, message, bytes(spoilt))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_any_bytes_are_answered(public: bytes, signature: bytes) -> None:
    assert not is_signed(public, b"message", signature)


# Always the same, because its text is in the names of tests.
SIGNER = Signer.of("second-look/test", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CHECKPOINT = Checkpoint("second-look/test", 17, leaf_hash(b"root"))
NOTE = SIGNER.sign(CHECKPOINT)


def test_a_signed_note_is_the_three_lines_and_a_signature() -> None:
    text, _blank, signature = NOTE.partition("\n\n")
    root = base64.b64encode(CHECKPOINT.root).decode()
    assert text == f"second-look/test\n17\n{root}"
    assert signature.startswith("— second-look/test ")
    assert read_checkpoint(NOTE) == CHECKPOINT
    assert signers(NOTE, [SIGNER.key]) == [SIGNER.key]
    assert signed_with(NOTE) == [f"second-look/test+{SIGNER.key.id.hex()}"]


def test_the_signer_of_the_format_s_own_example() -> None:
    """Key and note from the documentation of Go's golang.org/x/mod/sumdb/note."""
    key = read_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
        "pRZb6KE6RyyBwJnAM=\n"
    )
    assert signers(note, [key]) == [key]


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="+"), min_size=1)
)
def test_keys_come_back_as_they_were_written(name: str) -> None:
    signer = Signer.make(name)
    assert read_key(str(signer.key)) == signer.key
    assert Signer.read(signer.text()).key == signer.key
    assert signer.text().split("+", 4)[4].strip() not in repr(signer)


def test_a_list_of_keys_may_have_comments() -> None:
    text = f"# ceremony of 2026-11-22\n\n{SIGNER.key}\n"
    assert read_keys(text) == [SIGNER.key]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        str(SIGNER.key).replace("test", "rest"),
        str(SIGNER.key)[:-4] + "AAA=",
        "name+00000000+AQ==",
        "na me+00000000+" + str(SIGNER.key).split("+")[2],
        f"+{SIGNER.key.id.hex()}+" + str(SIGNER.key).split("+", 2)[2],
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  all that matters is that it is refused
        read_key(text)


@pytest.mark.parametrize(
    "text", ["", "x", "PRIVATE+KEY+a+b+c", SIGNER.text().replace("test", "rest")]
)
def test_what_is_no_signing_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match="This is no signing key"):
        Signer.read(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_name_that_a_note_could_not_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no blanks and no plus sign"):
        Signer.make(name)


ROOT = base64.b64encode(EMPTY_ROOT).decode()
SIGNED = NOTE.partition("\n\n")[2]


@pytest.mark.parametrize(
    "text",
    [
        f"log\n017\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n1.0\n{ROOT}\n",
        f"log\n\u0661\n{ROOT}\n",
        f"log\n\n{ROOT}\n",
        f"\n17\n{ROOT}\n",
        f"log\n17\n{ROOT}\nextension\n",
        "log\n17\n",
        f"log\n17\n{ROOT[:-4]}\n",
        f"log\n17\n{ROOT}=\n",
        f"log\n17\nZ{ROOT[1:-2]}9=\n",
        f"log\r\n17\r\n{ROOT}\r\n",
        f"lo\tg\n17\n{ROOT}\n",
        f"lo\x7fg\n17\n{ROOT}\n",
        f" log\n17 \n{ROOT}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  all that matters is that it is refused
        read_checkpoint(f"{text}\n{SIGNED}")


@pytest.mark.parametrize(
    "note",
    ["", "text", "text\n\nno dash\n", "text\n\n— name !!\n", "text\n\n— name AAAA\n", NOTE[:-1]],
)
def test_what_is_no_signed_note_is_refused(note: str) -> None:
    with pytest.raises((ValueError, binascii.Error)):
        signers(note, [SIGNER.key])


def test_an_unknown_key_does_not_count() -> None:
    stranger = Signer.make("second-look/test")
    assert signers(stranger.sign(CHECKPOINT), [SIGNER.key]) == []
    both = NOTE + stranger.sign(CHECKPOINT).partition("\n\n")[2]
    assert signers(both, [SIGNER.key]) == [SIGNER.key]
    assert signers(both, [SIGNER.key, stranger.key]) == [SIGNER.key, stranger.key]


@pytest.mark.parametrize(
    "note", [NOTE.replace("\n17\n", "\n18\n"), NOTE.replace("/test\n17", "/rest\n17")]
)
def test_a_wrong_signature_of_a_known_key_is_refused(note: str) -> None:
    with pytest.raises(BadSignature, match="is wrong"):
        signers(note, [SIGNER.key])
