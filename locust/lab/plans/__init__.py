"""WHEN: what the load does over time, the search for capacity, and when a step has measured enough."""
