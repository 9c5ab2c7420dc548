"""Several masters, each with its own run, made one load: what each of them heard is counted anew as one run."""
