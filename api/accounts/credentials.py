"""Passwords, API keys and session tokens: how they are made, told apart, and kept so that nobody can read them."""

import hashlib
import hmac
import secrets
import threading
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from geo.errors import Fault, InputError

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
"""Letters. Long beats complicated; the upper end keeps somebody from having books hashed."""

KEY_MARK = "shequ"
"""Keys begin so, so that a search for leaked ones finds them."""

_AT_ONCE = 2
"""Passwords that are checked at the same time: each takes 64 MB and a tenth of a second by intent."""


@dataclass(frozen=True)
class ApiKey:
    """A key in the clear: shown once, never kept."""

    prefix: str
    secret: str

    @property
    def text(self) -> str:
        """The key as its owner keeps it."""
        return f"{KEY_MARK}_{self.prefix}_{self.secret}"

    @property
    def hash(self) -> str:
        """What is kept of it."""
        return digest(self.text)

    def fits(self, kept: str) -> bool:
        """Tell whether this is the key whose hash is kept."""
        return hmac.compare_digest(self.hash, kept)


def new_key() -> ApiKey:
    """Return a new key, of 256 random bits."""
    return ApiKey(secrets.token_hex(6), secrets.token_urlsafe(32))


def read_key(text: str) -> ApiKey | None:
    """Return the key that a text is; None where it is none.

    Examples
    --------
    >>> read_key("shequ_0a1b2c3d4e5f_q-_w").secret
    'q-_w'
    >>> read_key("hunter2") is None
    True
    """
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != KEY_MARK or len(text) > 200:
        return None
    return ApiKey(parts[1], parts[2])


def new_token() -> str:
    """Return a new session token, of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return SHA-256 of a key or token. They are random and long, so that nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def require_password(password: str, name: str) -> str:
    """Return a password as it is hashed (NFC); InputError where it is too short, too long, or the name itself."""
    given = unicodedata.normalize("NFC", password)
    if not SHORTEST_PASSWORD <= len(given) <= LONGEST_PASSWORD:
        raise InputError(Fault(f"the password has {len(given)} letters",
                               f"use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}: several words do well"))  # fmt: skip
    if name.casefold() in given.casefold() and len(given) < len(name) + SHORTEST_PASSWORD:
        raise InputError(Fault("the password is little more than the account's name", "use several words of your own"))
    if len(set(given)) < 5:
        raise InputError(Fault("the password is the same few letters again and again", "use several words of your own"))
    return given


class Passwords:
    """Hashes and checks passwords with argon2id, few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turn = threading.BoundedSemaphore(_AT_ONCE)
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        with self._turn:
            return self._hasher.hash(password)

    def fits(self, password: str, kept: str | None) -> bool:
        """Tell whether this is the password whose hash is kept; takes as long where there is none."""
        given = unicodedata.normalize("NFC", password)[: LONGEST_PASSWORD + 1]
        hashed = kept or self._nobodys
        with self._turn:
            try:
                return self._hasher.verify(hashed, given) and kept is not None
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, kept: str) -> bool:
        """Tell whether a hash was made with weaker settings than today's."""
        return self._hasher.check_needs_rehash(kept)
