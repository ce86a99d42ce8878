"""Coverage-guided fuzzing of the decoders; CONTRIBUTING.md tells how it is run.

The first byte of an input chooses what the rest is put into, since mutating finds its way through
JSON and XML but hardly through base64 or a text quoted in JSON.
"""

import json
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["reconciler.notifications"]):
    from reconciler.notifications import DecodeError, decode, summary

from tests.notifications.messages import MESSAGES, b64, in_event_bridge, in_sns, pushed


def bare(text):
    return text


INTO = (bare, b64, pushed, in_sns, in_event_bridge)


def decode_any(data):
    """Decode an input; anything but a notification that can be written, or a sentence, is a bug."""
    rest = data[1:]
    into = INTO[data[0] % len(INTO)] if data else bare
    message = rest if into is bare else into(rest.decode("utf-8", "replace"))
    try:
        shown = shown_of(message)
    except DecodeError as error:
        shown = str(error)
    assert shown.isprintable()


def shown_of(message):
    found = decode(message)
    json.loads(found.model_dump_json().encode())
    assert found.moment is None or found.moment.tzinfo is not None
    return summary(found)


def main():
    folder = Path(sys.argv[-1])
    folder.mkdir(exist_ok=True)
    for number, message in enumerate(MESSAGES.values()):
        for kind in range(len(INTO)):
            file = folder / f"sample-{number}-{kind}"
            file.write_bytes(bytes([kind]) + message.encode())
    atheris.Setup(sys.argv, decode_any)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
