"""An HTTP user with the interface of Locust's FastHttpUser, at about a third of its CPU.

From the task to the wire: a `LeanHttpUser` (user.py) has a client (session.py), which reports each request and has an
exchange (exchange.py) make it (message.py), follow redirects and keep cookies (cookies.py). The exchange asks over
connections (pool.py, connection.py, connecting.py, tls.py, deadlines.py); what comes back is read (reader.py,
headers.py, bodies.py) into a response (response.py), or while it arrives (streams.py, streamed.py). Every failure has a
name (failures.py). `client.client` is agent.py.
"""

from lab.client.failures import RequestFailed
from lab.client.message import UnsupportedOption
from lab.client.response import Response
from lab.client.session import LeanHttpSession
from lab.client.user import LeanHttpUser

__all__ = ["LeanHttpSession", "LeanHttpUser", "RequestFailed", "Response", "UnsupportedOption"]
