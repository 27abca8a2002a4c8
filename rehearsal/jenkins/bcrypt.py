"""The ``$2a$`` password hash that Jenkins keeps for its own users: bcrypt (Provos and Mazières, USENIX 1999).

Written out because the standard library has none. Blowfish's starting tables are the binary digits of pi, computed here.
"""

from __future__ import annotations

import functools
import hmac

__all__ = ["hash_password", "verify_password"]

_ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MASK = 0xFFFFFFFF
_P_WORDS = 18
_S_WORDS = 4 * 256


def hash_password(password: str, salt: bytes, cost: int = 4) -> str:
    """``$2a$<cost>$<salt><hash>`` for 16 bytes of salt. ``cost`` is the binary logarithm of the rounds; 4 is the least."""
    p, s = (list(words) for words in _pi_tables())
    key = password.encode() + b"\0"
    _expand(p, s, key, salt)
    for _ in range(1 << cost):
        _expand(p, s, key, bytes(16))
        _expand(p, s, salt, bytes(16))
    text = b"OrpheanBeholderScryDoubt"
    words = [int.from_bytes(text[at : at + 4], "big") for at in range(0, 24, 4)]
    for at in range(0, 6, 2):
        left, right = words[at], words[at + 1]
        for _ in range(64):
            left, right = _encrypt(p, s, left, right)
        words[at], words[at + 1] = left, right
    digest = b"".join(word.to_bytes(4, "big") for word in words)[:23]
    return f"$2a${cost:02d}${_encode(salt)}{_encode(digest)}"


def verify_password(password: str, hashed: str) -> bool:
    """True when the password has this hash; False as well for a hash of another form."""
    parts = hashed.split("$")
    if len(parts) != 4 or parts[1] != "2a" or len(parts[3]) != 53:
        return False
    return hmac.compare_digest(hash_password(password, _decode(parts[3][:22]), int(parts[2])), hashed)


def _expand(p: list[int], s: list[int], key: bytes, salt: bytes) -> None:
    stretched = (key * (4 * _P_WORDS // len(key) + 1))[: 4 * _P_WORDS]
    for index in range(_P_WORDS):
        p[index] ^= int.from_bytes(stretched[4 * index : 4 * index + 4], "big")
    salts = [int.from_bytes(salt[at : at + 4], "big") for at in range(0, 16, 4)]
    left = right = at = 0
    for table, size in ((p, _P_WORDS), (s, _S_WORDS)):
        for index in range(0, size, 2):
            left, right = _encrypt(p, s, left ^ salts[at], right ^ salts[at + 1])
            table[index], table[index + 1] = left, right
            at ^= 2


def _encrypt(p: list[int], s: list[int], left: int, right: int) -> tuple[int, int]:
    for index in range(0, 16, 2):
        left ^= p[index]
        right ^= (
            ((s[left >> 24] + s[256 + (left >> 16 & 255)]) ^ s[512 + (left >> 8 & 255)])
            + s[768 + (left & 255)]
        ) & _MASK
        right ^= p[index + 1]
        left ^= (
            ((s[right >> 24] + s[256 + (right >> 16 & 255)]) ^ s[512 + (right >> 8 & 255)])
            + s[768 + (right & 255)]
        ) & _MASK
    return right ^ p[17], left ^ p[16]


@functools.cache
def _pi_tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The fraction of pi in words of 32 bits, by Machin's formula."""
    count = _P_WORDS + _S_WORDS
    guard = 64
    one = 1 << (32 * count + guard)
    pi = 16 * _arctan_of_inverse(5, one) - 4 * _arctan_of_inverse(239, one)
    fraction = (pi - 3 * one) >> guard
    words = tuple((fraction >> (32 * (count - 1 - index))) & _MASK for index in range(count))
    return words[:_P_WORDS], words[_P_WORDS:]


def _arctan_of_inverse(x: int, one: int) -> int:
    term = total = one // x
    divisor, sign = 1, 1
    while term:
        term //= x * x
        divisor += 2
        sign = -sign
        total += sign * (term // divisor)
    return total


def _encode(data: bytes) -> str:
    bits = int.from_bytes(data, "big")
    length = -(-len(data) * 8 // 6)
    bits <<= length * 6 - len(data) * 8
    return "".join(_ALPHABET[bits >> (6 * (length - 1 - index)) & 63] for index in range(length))


def _decode(text: str) -> bytes:
    bits = 0
    for letter in text:
        bits = bits << 6 | _ALPHABET.index(letter)
    size = len(text) * 6 // 8
    return (bits >> (len(text) * 6 - size * 8)).to_bytes(size, "big")
