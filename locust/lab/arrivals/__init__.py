"""Open arrivals: visitors that come when they come, whether answers are there or not."""
