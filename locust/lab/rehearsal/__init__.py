"""What does each task do once, and what of it would not work under load? A look at a scenario without any load."""
