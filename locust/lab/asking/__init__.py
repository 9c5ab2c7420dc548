"""How does the lab itself ask a service? One way (asker.py), and what is asked of every target (target.py)."""
