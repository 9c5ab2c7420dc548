"""What of this machine or its engine would be in the way of a run, and what helps?"""
