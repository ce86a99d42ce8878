"""How services are reached: the only HTTP, and the only place that waits."""
