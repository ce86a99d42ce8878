"""Text of others as it may be shown: nothing in it hides, and no secret stands there."""
