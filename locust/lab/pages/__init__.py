"""The pages that the lab adds to Locust's: the present run and past runs; and the guard of the start."""
