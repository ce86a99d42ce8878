"""YAML text → declarations → desired objects: positions, references, fan-out, invariants."""
