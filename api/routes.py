"""What is answered at each address?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Response, request
from prometheus_client import CONTENT_TYPE_LATEST

from api.body import read_json
from api.problems import RETRY_LATER, Problem
from api.query import ID_MOST, expect_no_parameters, read_page, whole_number
from api.stores import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from api.metrics import Metrics
    from api.settings import Settings
    from api.stores import Store

OK = b'{"status":"ok"}\n'


class Reply(Response):
    """A response that has a Content-Type only if it is given one: the empty ones have none."""

    default_mimetype = None


def _json(body: str | bytes, headers: dict[str, str] | None = None) -> Reply:
    return Reply(body, 200, headers, content_type="application/json")


def add_list(app: Flask, settings: Settings, store: Store, read_item: Callable[[Any], str]) -> None:
    """The list itself: /tests and /tests/<id>."""

    def list_tests() -> Reply:
        asked = read_page(request.environ["QUERY_STRING"], settings.page_limit)
        # One more than asked shows whether there is a next page.
        rows = store.page(None if asked.limit is None else asked.limit + 1, asked.after)
        headers = None
        if asked.limit is not None and len(rows) > asked.limit:
            rows.pop()
            headers = {"Link": f'</tests?after={rows[-1][0]}&limit={asked.limit}>; rel="next"'}
        return _json(f"[{','.join([row[1] for row in rows])}]", headers)

    def add_test() -> Reply:
        expect_no_parameters(request.environ["QUERY_STRING"])
        item_id = store.add(read_item(read_json(request.environ)))
        return Reply(None, 204, {"Location": f"/tests/{item_id}"})

    def get_test(item_id: str) -> Reply:
        expect_no_parameters(request.environ["QUERY_STRING"])
        number = whole_number(item_id, 1, ID_MOST)
        item = None if number is None else store.get(number)
        if item is None:
            raise Problem(404, "There is no testing type with this id.")
        return _json(item)

    def reset_tests() -> Reply:
        expect_no_parameters(request.environ["QUERY_STRING"])
        store.reset()
        return Reply(None, 204)

    app.add_url_rule("/tests", view_func=list_tests, methods=["GET"])
    app.add_url_rule("/tests", view_func=add_test, methods=["POST"])
    app.add_url_rule("/tests/<item_id>", view_func=get_test, methods=["GET"])
    if settings.allow_reset:
        app.add_url_rule("/tests", view_func=reset_tests, methods=["DELETE"])


def add_operation(app: Flask, store: Store, metrics: Metrics, document: dict[str, Any]) -> None:
    """What the people and tools that run the service ask for."""
    contract = json.dumps(document).encode()

    def health() -> Reply:
        return _json(OK)

    def ready() -> Reply:
        try:
            store.ping()
        except StoreError as error:
            # Whatever is wrong with the store, the service is not ready, and a probe may ask again.
            raise Problem(503, f"{error}.", headers=RETRY_LATER) from error
        return _json(OK)

    def show_metrics() -> Reply:
        return Reply(metrics.page(), 200, content_type=CONTENT_TYPE_LATEST)

    def openapi() -> Reply:
        return _json(contract)

    app.add_url_rule("/health", view_func=health)
    app.add_url_rule("/ready", view_func=ready)
    app.add_url_rule("/metrics", view_func=show_metrics)
    app.add_url_rule("/openapi.json", view_func=openapi)
