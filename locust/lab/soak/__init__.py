"""How often does it fail, for how long, and does it wear? What plan soak watches for."""
