"""The pages beside Locust's own: the run that goes on, past runs, and the guard of the start."""
