"""Runs of the past: what they have to say, and whether it has become worse."""
