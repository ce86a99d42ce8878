"""Tells GitHub: outputs, job summary, annotations, the pull-request comment, the drift issue."""
