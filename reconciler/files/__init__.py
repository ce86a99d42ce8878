"""Files: declarations read, results written whole or not at all, the journal."""
