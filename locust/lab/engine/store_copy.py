"""Copies a run's folder to an object store: `python -m lab.engine.store_copy s3://bucket/prefix FOLDER`.

Each object is read back and compared, because what is copied may soon be the only copy. Without a folder it only looks
whether the bucket is there. Its last line says what went wrong. Access is what the variables of AWS say, or the role of
the machine, and another store than Amazon's is named by AWS_ENDPOINT_URL. store.py starts it.
"""

from __future__ import annotations

import os
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ENDPOINT = "https://s3.amazonaws.com"
SECONDS = 10.0
"""For an answer of the store."""


def main(arguments: list[str]) -> int:
    place = urlsplit(arguments[0])
    bucket, prefix = place.netloc, place.path.strip("/")
    try:
        client = _client()
        if not client.bucket_exists(bucket):
            return _fail(f"there is no bucket {bucket}")
        for folder in arguments[1:]:
            _copy(client, bucket, prefix, Path(folder))
    except Exception as error:  # noqa: BLE001 - whatever it is, the master says it
        return _fail(_said(error))
    return 0


def _client() -> Any:
    import minio  # noqa: PLC0415 - a quarter of a second, and not always there
    import urllib3  # noqa: PLC0415 - it comes with it
    from minio.credentials import providers  # noqa: PLC0415

    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ENDPOINT)
    access = [providers.EnvAWSProvider(), providers.AWSConfigProvider(), providers.IamAwsProvider()]
    return minio.Minio(
        endpoint.netloc,
        secure=endpoint.scheme == "https",
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        credentials=providers.ChainedProvider(access),
        http_client=urllib3.PoolManager(timeout=SECONDS, retries=urllib3.Retry(3, backoff_factor=0.2)),
    )


def _copy(client: Any, bucket: str, prefix: str, folder: Path) -> None:
    """Raises whatever goes wrong; OSError where an object is not what was sent."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        key = "/".join(filter(None, (prefix, folder.name, file.relative_to(folder).as_posix())))
        sent = file.read_bytes()  # once: the log of the run goes on while it is copied
        client.put_object(bucket, key, BytesIO(sent), len(sent))
        answer = client.get_object(bucket, key)
        try:
            if answer.read() != sent:
                raise OSError(f"{key} was read back otherwise than it was sent")
        finally:
            answer.close()
            answer.release_conn()


def _said(error: Exception) -> str:
    """The error in a line; one of the store by its code and its message alone."""
    code, message = getattr(error, "code", None), getattr(error, "message", None)
    return f"{code}: {message}" if code and message else " ".join(str(error).split()) or repr(error)


def _fail(reason: str) -> int:
    print(reason)  # noqa: T201 - the master reads it
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
