"""Keeps the documents true: runs what they quote, and writes the references from the code."""
