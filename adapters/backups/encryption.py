"""Encrypted archives: AES-256-GCM in chunks, so that they stream and that any cut or change is noticed.

Format: ``CIUPENC1``, 16 bytes of salt, then chunks of a 4-byte length and ciphertext with tag. The key comes from the passphrase
by scrypt (N=2^15, r=8, p=1); the nonce is the chunk's number; the last chunk's additional data is ``last``, so that an archive
that was cut short cannot pass for a whole one.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from bot.errors import Permanent

__all__ = ["MAGIC", "decrypt", "encrypt"]

MAGIC = b"CIUPENC1"
SALT = 16
CHUNK = 1 << 20


def encrypt(chunks: Iterable[bytes], passphrase: bytes) -> Iterator[bytes]:
    salt = os.urandom(SALT)
    cipher = AESGCM(_key(passphrase, salt))
    yield MAGIC + salt
    number = 0
    pending: bytes | None = None
    for chunk in chunks:
        if pending is not None:
            yield _sealed(cipher, number, pending, b"")
            number += 1
        pending = chunk
    yield _sealed(cipher, number, pending or b"", b"last")


def decrypt(file: BinaryIO, passphrase: bytes) -> Iterator[bytes]:
    """:raises Permanent: when the passphrase is wrong, or the archive was changed or cut short."""
    if file.read(len(MAGIC)) != MAGIC:
        raise Permanent("the archive is not encrypted by this bot")
    cipher = AESGCM(_key(passphrase, file.read(SALT)))
    number = 0
    header = file.read(4)
    while header:
        size = struct.unpack(">I", header)[0] if len(header) == 4 else 0
        sealed = file.read(size)
        header = file.read(4)
        try:
            yield cipher.decrypt(_nonce(number), sealed, b"" if header else b"last")
        except InvalidTag as error:
            raise Permanent(
                "the archive was changed or cut short, or the passphrase is not the one it was written with"
            ) from error
        number += 1
    if number == 0:
        raise Permanent("the archive was cut short")


def _sealed(cipher: AESGCM, number: int, chunk: bytes, last: bytes) -> bytes:
    sealed = cipher.encrypt(_nonce(number), chunk, last)
    return struct.pack(">I", len(sealed)) + sealed


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _key(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase)
