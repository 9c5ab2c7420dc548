"""What the service says of itself: its replicas and its proxy, what gives first, and whether both ends agree."""
