"""Whose users visit: any locustfile, found, imported as a module of its own, and looked at before anything starts."""
