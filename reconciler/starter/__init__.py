"""Starts a repository: example declarations, workflows, and what AWS and Google must allow it."""
