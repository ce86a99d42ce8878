"""Tell: each module renders the same reports in one form; none of them decides or sorts."""
