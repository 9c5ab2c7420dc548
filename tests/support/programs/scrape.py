"""What a scraper hears in its first round and in its last: of URLs, a target, and a name that takes 30 s to look up."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import json
import socket
import sys
import time
from typing import Any

from lab.service.scraper import Scraper

urls, target, slow = json.loads(sys.argv[1])
asked = socket.getaddrinfo


def getaddrinfo(host: Any, *more: Any, **options: Any) -> Any:
    if host == slow:
        time.sleep(30)
    return asked(host, *more, **options)


socket.getaddrinfo = getaddrinfo
heard: list[list[Any]] = []
scraper = Scraper(urls, target, frozenset(), lambda name, service, reading: heard.append([name, service, reading.kind]))
began = time.monotonic()
scraper.start(5.0)
first = sorted(heard)
heard.clear()
scraper.read_once_more(5.0)
print(json.dumps({"first": first, "last": sorted(heard), "seconds": time.monotonic() - began}))
scraper.close()
