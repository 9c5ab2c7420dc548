"""What is nobody's business: values that go into the scenario's .env, and stand in the locustfile by their names."""

from __future__ import annotations

import re

from lab.drafting import naming
from lab.drafting.model import Code, Mixed, Value

PASSWORD = re.compile(r"pass(word|wd|phrase|code)?$|^pwd$|^pin$|secret|^otp$", re.IGNORECASE)
WHO = re.compile(r"^(user(_?name)?|e?_?mail|login|account|client_?id)$", re.IGNORECASE)
KEY = re.compile(
    r"^cookie$|api[-_]?key|token|secret|signature|session|^auth|[-_]auth|credential|subscription-key", re.IGNORECASE
)
LOGIN = re.compile(r"log[-_]?in|sign[-_]?in|token|session|auth", re.IGNORECASE)
NO_LOGIN = re.compile(r"regist|sign[-_]?up|reset|forgot|change|refresh|revoke|log[-_]?out|verify", re.IGNORECASE)


def secret_name(wanted: str) -> str:
    """What a secret is called: not as something that a shell may have already, such as USERNAME.

    >>> secret_name("X-Api-Key")
    'SCENARIO_X_API_KEY'
    """
    return f"SCENARIO_{naming.constant(wanted)}"


class Secrets:
    """The secrets of a draft, each under one name."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._given = naming.Names()

    def code(self, wanted: str, value: str) -> Code:
        """The Python that reads the secret; the same secret is read by the same name."""
        if value not in self._names or not value:
            name = self._given.unique(secret_name(wanted))
            self._names[value] = name
            self.values[name] = value
        return Code(f'os.environ["{self._names[value]}"]', value)

    def authorization(self, value: str) -> Value:
        """An Authorization header: its scheme stays, what follows is secret."""
        scheme, space, rest = value.partition(" ")
        if not space:
            return self.code("authorization", value)
        return Mixed((f"{scheme} ", self.code("token" if scheme.lower() == "bearer" else "authorization", rest)))
