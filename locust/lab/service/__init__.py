"""What the service reports of itself: its replicas and its proxy, and whether both ends of the wire agree."""
