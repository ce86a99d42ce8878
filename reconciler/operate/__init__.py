"""What keeps delivery running once it is set up: whether it works, and what arrives."""
