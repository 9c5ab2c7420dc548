"""Is every acknowledged write stored, and once? The accounts of workers, the audit after a run, its findings."""
