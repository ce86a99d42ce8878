"""How often objects that hold each other are looked for: for a short run hardly, for a server."""

import gc


def seldom() -> None:
    """Look when half a million more objects are there: what a run makes and loads it keeps.

    Of a plan of 1,000 queues a thousand objects were found so, in a twentieth of its time.
    """
    gc.set_threshold(500_000)


def often() -> None:
    """Look as often as suits what serves until it is stopped."""
    gc.set_threshold(50_000)
