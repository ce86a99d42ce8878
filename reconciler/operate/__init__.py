"""Day-to-day operation: what exists is written as declarations, and MWS left behind."""
