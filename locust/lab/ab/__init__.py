"""`lab ab`: has this change made the service better or worse? Both sides in turn, on one machine, in one job."""
