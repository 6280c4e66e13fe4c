"""The program's key files, encrypted with a passphrase: without them hashes of callers start anew."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from data.backup.manifest import BadBackup

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

#: What takes a current processor about a tenth of a second and 32 MB (RFC 7914).
_COST = {"n": 2**15, "r": 8, "p": 1}


def seal(folder: Path, passphrase: str) -> bytes:
    """All key files (*.key) of a folder, encrypted."""
    content = {path.name: path.read_text(encoding="ascii") for path in sorted(folder.glob("*.key"))}
    salt = os.urandom(16)
    token = _cipher(passphrase, salt).encrypt(orjson.dumps(content))
    return orjson.dumps({"salt": salt.hex(), "token": token.decode()})


def unseal(sealed: bytes, passphrase: str) -> dict[str, str]:
    """The key files by name; BadBackup where the passphrase is another."""
    from cryptography.fernet import InvalidToken

    content = orjson.loads(sealed)
    try:
        opened = _cipher(passphrase, bytes.fromhex(content["salt"])).decrypt(content["token"].encode())
    except InvalidToken:
        raise BadBackup("the passphrase does not open the keys of this backup") from None
    found: dict[str, str] = orjson.loads(opened)
    return found


def _cipher(passphrase: str, salt: bytes) -> Fernet:
    # Here: a server that backs nothing up would hold 8 MB of it.
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    key = Scrypt(salt=salt, length=32, **_COST).derive(passphrase.encode())
    return Fernet(base64.urlsafe_b64encode(key))
