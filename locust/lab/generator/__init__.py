"""What each worker measures of itself: its CPU quota, its clock, its files."""
