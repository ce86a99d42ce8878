"""Golden files of what a terminal shows; run as a module, it writes them anew: look at the diff.

$ python -m tests.reports.goldens
"""

from functools import cache
from pathlib import Path

from reconciler.core.verdicts.drift import drift_of
from reconciler.reports import as_text
from reconciler.reports.lines import Screen
from tests.reports.plans import everything, fleet

FOLDER = Path(__file__).parent / "terminal"
WIDTHS = (40, 80, 120)
SHOWN = {
    "everything": lambda screen: as_text.render(everything(), screen),
    "fleet": lambda screen: as_text.render(fleet(), screen),
    "drift": lambda screen: as_text.render(drift_of(everything()), screen),
}


@cache
def shown(name, width):
    return SHOWN[name](Screen(width=width))


def golden(name, width):
    return FOLDER / f"{name}-{width}.txt"


def write_all():
    FOLDER.mkdir(exist_ok=True)
    for name in SHOWN:
        for width in WIDTHS:
            golden(name, width).write_text(shown(name, width), encoding="utf-8")


if __name__ == "__main__":
    write_all()
