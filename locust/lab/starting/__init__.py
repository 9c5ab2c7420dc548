"""How is a run started from outside, by Compose or as processes, and what is seen of it until it ends?"""
