"""Files in a request's body (`files=`), as multipart/form-data (RFC 7578)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from urllib3.fields import RequestField
from urllib3.filepost import choose_boundary, encode_multipart_formdata

Files = Mapping[str, Any] | Iterable[tuple[str, Any]]
"""By field name: content, an open file, or a tuple of file name and content, and if wanted type, headers, boundary."""

MOST_PARTS = 5


def encode(files: Files, data: Any) -> tuple[bytes, str]:
    """The body and its content type. `data` are the other fields. Raises ValueError where they are none."""
    if isinstance(data, (str, bytes)):
        raise ValueError(  # noqa: TRY004 - as FastHttpUser
            "data must be fields, not text, where there are files"
        )
    boundary = choose_boundary()
    fields = [RequestField(_text(name), _content(value), headers=_disposition(name)) for name, value in _pairs(data)]
    for name, given in files.items() if isinstance(files, Mapping) else files:
        parts = tuple(given) if isinstance(given, (tuple, list)) else (_file_name(given) or _text(name), given)
        if not 2 <= len(parts) <= MOST_PARTS:
            raise ValueError(f"files[{_text(name)!r}] takes file name, content, type, headers, boundary")
        filename, content, kind, headers, own_boundary = (*parts, None, None, None)[:MOST_PARTS]
        boundary = own_boundary or boundary
        if content is not None:
            field = RequestField(_text(name), _content(content), filename, dict(headers or {}))
            field.make_multipart(content_type=kind)
            fields.append(field)
    return encode_multipart_formdata(fields, boundary)


def _pairs(data: Any) -> Iterable[tuple[Any, Any]]:
    for name, values in data.items() if isinstance(data, Mapping) else data or ():
        several = values if isinstance(values, Iterable) and not isinstance(values, (str, bytes)) else [values]
        for value in several:
            if value is not None:
                yield name, value if isinstance(value, bytes) else str(value)


def _disposition(name: Any) -> dict[str, str]:
    field = RequestField(_text(name), b"")
    field.make_multipart(content_disposition="form-data")
    return {"Content-Disposition": str(field.headers["Content-Disposition"])}


def _content(value: Any) -> bytes:
    content = value.read() if hasattr(value, "read") else value
    return content.encode() if isinstance(content, str) else bytes(content)


def _file_name(file: Any) -> str | None:
    """The name of an open file on disk, as the stock clients give it."""
    name = getattr(file, "name", None)
    name = name.decode() if isinstance(name, bytes) else name
    return PurePath(name).name if isinstance(name, str) and name and name[0] != "<" and name[-1] != ">" else None


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
