"""Can the swarm be believed? What each worker measures of itself, and what it is accused of."""
