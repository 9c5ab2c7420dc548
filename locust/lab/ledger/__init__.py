"""Is every acknowledged write there, once? What workers wrote down, the audit after a run, and what it found."""
