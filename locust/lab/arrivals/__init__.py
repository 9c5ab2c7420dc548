"""How users arrive: open arrivals, which do not wait for answers, and the visitors of users.py."""
