"""Joined to Locust's events and messages, and only here."""
