"""Pictures of who is wired to what: Mermaid, DOT and SVG of a topology."""
