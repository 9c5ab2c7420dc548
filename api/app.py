"""How do the parts become one service? `create_app` joins settings, store, contract and routes."""

from __future__ import annotations

import os
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from api.contract import item_reader, read_contract
from api.metrics import UNMATCHED, Metrics
from api.problems import MEDIA_TYPE, OUTCOME_UNKNOWN, RETRY_LATER, Problem, problem_document, title_of
from api.routes import Reply, add_list, add_operation
from api.settings import METRICS_FOLDER, Settings, read_settings
from api.stores import OutcomeUnknown, StoreError, open_store
from api.stores.timed import TimedStore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from flask import Response

    from api.stores import Store


class Service(Flask):
    """Flask, with every request counted and every answer naming its replica."""

    response_class = Reply

    def __init__(self, metrics: Metrics, replica: str) -> None:
        super().__init__("api", static_folder=None, template_folder=None)
        self._metrics = metrics
        self._replica = ("X-Replica", replica)
        # "//tests" is another path than "/tests", not a redirect to it.
        self.url_map.merge_slashes = False

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; around Flask's own way of doing so there is only what every request needs."""
        began = perf_counter()
        status, route = "500", UNMATCHED

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status, route
            status = line[:3]
            rule = environ["werkzeug.request"].url_rule
            if rule is not None:
                route = rule.rule
            headers.append(self._replica)
            if status[0] == "4" and ("Connection", "close") in headers:
                _close_after(start_response)
            return start_response(line, headers, exc_info)

        self._metrics.begin()
        try:
            return super().wsgi_app(environ, start)
        finally:
            self._metrics.end(route, environ["REQUEST_METHOD"], status, perf_counter() - began)

    def dispatch_request(self) -> Any:
        """Answer with a view; HTTP/1.1 asks for a Host (RFC 9112, 3.2), and gunicorn does not."""
        environ = request.environ
        if "HTTP_HOST" not in environ and environ.get("SERVER_PROTOCOL") == "HTTP/1.1":
            raise Problem(400, "A request of HTTP/1.1 must have a Host header.", headers={"Connection": "close"})
        return super().dispatch_request()

    def make_default_options_response(self) -> Response:
        """The answer to OPTIONS: nothing but what is allowed."""
        reply = super().make_default_options_response()
        reply.status_code = 204
        reply.headers["Allow"] = _in_order(reply.headers["Allow"])
        return reply


def _close_after(start_response: StartResponse) -> None:
    """Have gunicorn close the connection: it drops the header, which is not the application's to send, by itself."""
    force_close = getattr(getattr(start_response, "__self__", None), "force_close", None)
    if force_close is not None:
        force_close()


def create_app(settings: Settings | None = None, store: Store | None = None) -> Service:
    """The service; settings come from the environment and the store from the settings, unless they are given."""
    settings = settings or read_settings(os.environ)
    store = store or open_store(settings.database_url, settings.database_pool)
    folder = os.environ.get(METRICS_FOLDER)
    # Each worker is a child of gunicorn's arbiter, whose other children belong to the replica as well.
    kind = settings.database_url.partition(":")[0]
    metrics = Metrics(folder, os.getppid() if folder else os.getpid(), store.durability, kind)
    document = read_contract(allow_reset=settings.allow_reset)
    app = Service(metrics, settings.replica)
    timed: Store = TimedStore(store, metrics.wait_for_store)
    add_list(app, settings, timed, item_reader(document))
    add_operation(app, store, metrics, document)
    app.register_error_handler(Problem, _answer_problem)
    app.register_error_handler(StoreError, _answer_store_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    return app


def _answer_problem(problem: Problem) -> Reply:
    return Reply(problem.body(), problem.status, problem.headers, content_type=MEDIA_TYPE)


def _answer_store_error(error: StoreError) -> Reply:
    detail = f"{error}."
    if isinstance(error, OutcomeUnknown):
        # No Retry-After: sending the write again may store it twice.
        return _answer_problem(Problem(error.status, detail, type_=OUTCOME_UNKNOWN))
    return _answer_problem(Problem(error.status, detail, headers=RETRY_LATER))


def _answer_http_error(error: HTTPException) -> Reply:
    """Flask's own refusals: an unknown path, a wrong method, and the 500 for what was not foreseen."""
    status = error.code or 500
    headers = {name: _in_order(value) for name, value in error.get_headers() if name == "Allow"}
    detail = error.description or title_of(status)
    return Reply(problem_document(status, detail), status, headers, content_type=MEDIA_TYPE)


def _in_order(methods: str) -> str:
    """The methods of an Allow header: werkzeug has them from a set, in another order in each process."""
    return ", ".join(sorted(methods.split(", ")))
