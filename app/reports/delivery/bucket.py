"""Into a bucket that speaks S3, by the package minio (the extra "s3")."""

from __future__ import annotations

import io
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from alerts.receivers.errors import SendError
from app.reports.delivery import Parcel
from app.reports.delivery.folder import place
from app.reports.files import MEDIA_TYPES

#: Within what the outbox gives a sender.
_SECONDS = 20.0


def upload(parcel: Parcel, address: SecretStr) -> str:
    """Put each file to the prefix. The address: https://key:secret@host/bucket/prefix. Raises SendError."""
    try:
        import urllib3
        from minio import Minio
        from minio.error import MinioException
    except ModuleNotFoundError:
        text = "buckets need the package minio: pip install 'voicehive[s3]'"
        raise SendError(text, retryable=False) from None
    parts = urlsplit(address.get_secret_value())
    bucket, _, prefix = parts.path.strip("/").partition("/")
    host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    client = Minio(
        host,
        access_key=unquote(parts.username or ""),
        secret_key=unquote(parts.password or ""),
        secure=parts.scheme == "https",
        http_client=urllib3.PoolManager(timeout=urllib3.Timeout(total=_SECONDS), retries=False),
    )
    try:
        for name, body in parcel.files.items():
            key = "/".join(part for part in (prefix.strip("/"), place(parcel), name) if part)
            kind = MEDIA_TYPES[name.rpartition(".")[2]]
            client.put_object(
                bucket_name=bucket, object_name=key, data=io.BytesIO(body), length=len(body), content_type=kind
            )
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise SendError(f"{host}/{bucket}: {str(error)[:300]}", retryable=not isinstance(error, ValueError)) from None
    return ""
