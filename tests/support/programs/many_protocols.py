"""A service that speaks HTTP, WebSocket and gRPC, and counts what it is asked: prints its ports as JSON, and serves.

GET /counts says how often it was asked for what.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]
import simple_websocket  # type: ignore[import-untyped]
from flask import Flask, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

app = Flask(__name__)
asked, lock = Counter[str](), threading.Lock()


def count(what: str) -> int:
    """Counts one more, and returns how many it were."""
    with lock:
        asked[what] += 1
        return asked[what]


@app.get("/page")
def page() -> str:
    """A page."""
    count("page")
    return "a page"


@app.get("/counts")
def counts() -> Any:
    """How often it was asked for what."""
    return jsonify(asked)


@app.route("/echo", websocket=True)
def echo() -> str:
    """Says what it is told, on a WebSocket, until it is closed."""
    socket = simple_websocket.Server(request.environ)
    try:
        while True:
            told = socket.receive()
            count("message")
            socket.send(told)
    except simple_websocket.ConnectionClosed:
        return ""


def call(_told: bytes, context: Any) -> bytes:
    """Refuses every fifth call."""
    if count("call") % 5 == 0:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")
    return b"done"


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, *_: Any) -> None:
        pass


def main() -> None:
    """Serves until it is ended."""
    calls = grpc.server(ThreadPoolExecutor(8))
    methods = {"Call": grpc.unary_unary_rpc_method_handler(call)}
    calls.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("lab.Many", methods),))
    grpc_port = calls.add_insecure_port("127.0.0.1:0")
    calls.start()
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    print(json.dumps({"http": server.server_port, "grpc": grpc_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
