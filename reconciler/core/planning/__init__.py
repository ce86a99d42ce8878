"""What a run would do, in which order, and whether it may: a plan as a value."""
