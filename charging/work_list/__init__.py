"""Lists of what waits for another party: written for it, and read when it has answered."""
