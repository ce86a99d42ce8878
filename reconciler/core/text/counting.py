"""A number and what it counts, in words."""


def counted(number: int, noun: str) -> str:
    """Return `1 error`, `2 errors`: a noun whose plural ends in s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
