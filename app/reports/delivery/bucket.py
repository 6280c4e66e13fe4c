"""Into a bucket that speaks S3, by the package minio (the extra "s3")."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from alerts.receivers.errors import SendError
from app.reports.delivery import Parcel
from app.reports.delivery.folder import place
from app.reports.files import MEDIA_TYPES

if TYPE_CHECKING:
    from minio import Minio

#: Within what the outbox gives a sender.
_SECONDS = 20.0
_SERVER_ERROR, _TOO_MANY = 500, 429


def upload(parcel: Parcel, address: SecretStr) -> str:
    """Put each file to the prefix. The address: https://key:secret@host/bucket/prefix. Raises SendError."""
    with _opened(address, _SECONDS) as (client, bucket, prefix):
        for name, body in parcel.files.items():
            key = "/".join(part for part in (prefix, place(parcel), name) if part)
            kind = MEDIA_TYPES[name.rpartition(".")[2]]
            client.put_object(
                bucket_name=bucket, object_name=key, data=io.BytesIO(body), length=len(body), content_type=kind
            )
    return ""


def look(address: SecretStr, seconds: float) -> None:
    """Raise SendError unless the bucket is there and the key lets us look at it."""
    with _opened(address, seconds) as (client, bucket, _):
        if not client.bucket_exists(bucket_name=bucket):
            raise SendError(f"there is no bucket {bucket}", retryable=False)


@contextmanager
def _opened(address: SecretStr, seconds: float) -> Iterator[tuple[Minio, str, str]]:
    """A client, the bucket and the prefix; what goes wrong is a SendError."""
    try:
        import urllib3
        from minio import Minio
        from minio.error import MinioException, S3Error
    except ModuleNotFoundError:
        text = "buckets need the package minio: pip install minio"
        raise SendError(text, retryable=False) from None
    parts = urlsplit(address.get_secret_value())
    bucket, _, prefix = parts.path.strip("/").partition("/")
    host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    try:
        client = Minio(
            host,
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
            secure=parts.scheme == "https",
            http_client=urllib3.PoolManager(timeout=urllib3.Timeout(total=seconds), retries=False),
        )
        yield client, bucket, prefix.strip("/")
    except S3Error as error:
        # Another try does not mend a key, a policy or a name.
        again = error.response.status >= _SERVER_ERROR or error.response.status == _TOO_MANY
        raise SendError(f"{host}/{bucket}: {error.code}: {error.message}", retryable=again) from None
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        raise SendError(f"{host}/{bucket}: {str(error)[:300]}", retryable=True) from None
    except ValueError as error:
        raise SendError(f"{host}/{bucket}: {error}", retryable=False) from None
