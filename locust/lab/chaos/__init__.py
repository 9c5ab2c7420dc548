"""The helper that does the faults which the master asks for: a process of its own, which alone may reach the engine."""
