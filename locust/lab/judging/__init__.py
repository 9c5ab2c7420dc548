"""WAS IT GOOD: evidence in, verdict out."""
