"""What was counted, second by second, and how it adds up."""
