"""Secrets at rest: AES-GCM with the place of the secret as associated data.

A sealed value that is copied into another row does not open there, because its place is part of the seal.
"""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class CannotOpen(ValueError):
    """The value was sealed with another key, for another place, or was changed."""


class Sealer:
    """Seals with the first key, opens with any: that is what makes keys replaceable."""

    def __init__(self, keys: list[bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys):
            raise ValueError("A sealing key has 32 bytes.")
        self._keys = keys

    def seal(self, secret: str, place: str) -> str:
        """The secret, sealed for ``place``, as text."""
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self._keys[0]).encrypt(nonce, secret.encode(), place.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, place: str) -> str:
        """The secret again. Raises ``CannotOpen``."""
        try:
            raw = base64.urlsafe_b64decode(sealed.encode())
        except ValueError as error:
            raise CannotOpen(place) from error
        for key in self._keys:
            try:
                return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        raise CannotOpen(place)


def load_or_make_keys(path: Path) -> list[bytes]:
    """The keys of a file, one per line in hexadecimal, newest first; makes the file (mode 600) when absent.

    Raises ``ValueError`` for a file that holds none.
    """
    if not path.exists():
        _make_keys(path)
    return read_keys(path)


def _make_keys(path: Path) -> None:
    # Written in full before it has its name: another process that starts meanwhile must not read an empty file. Where
    # that one was first, its key stays.
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        _write(part, [secrets.token_bytes(32)])
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def read_keys(path: Path) -> list[bytes]:
    """The keys of a file, newest first. Raises ``OSError``, and ``ValueError`` for a file that holds none."""
    keys = [bytes.fromhex(line) for line in path.read_text().split()]
    if not keys:
        raise ValueError(f"{path.name} holds no key.")
    return keys


def write_keys(path: Path, keys: list[bytes]) -> None:
    """Put these keys, newest first, in place of what the file holds: all of them or none, whatever happens."""
    part = path.with_name(f".{path.name}.part")
    _write(part, keys)
    os.replace(part, path)
    _sync_folder(path.parent)


def _write(path: Path, keys: list[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("".join(f"{key.hex()}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
