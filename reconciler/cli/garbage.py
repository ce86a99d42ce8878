"""When objects that hold each other are looked for: in a short run hardly, in a server often."""

import gc


def seldom() -> None:
    """Look when half a million more objects are there: what a run makes and loads it keeps.

    Of a plan of 1,000 queues a thousand objects were found so, in a twentieth of its time.
    """
    gc.set_threshold(500_000)


def often() -> None:
    """Look as often as suits what serves until it is stopped."""
    gc.set_threshold(50_000)


def never() -> None:
    """Look no more, not even as the process ends, as Python does: all memory is given back then.

    Files and connections are closed by whoever opened them. It took 50 of 340 ms of `validate`.
    """
    gc.disable()
    gc.freeze()
