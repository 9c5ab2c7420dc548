"""How often does it fail, for how long, and does it drift? What plan soak watches for."""
