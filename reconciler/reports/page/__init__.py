"""One HTML page that holds everything about a plan or drift and needs nothing else."""
