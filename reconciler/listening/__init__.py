"""Receiving what Google pushes, and acknowledging each push when it is safe.

    doors = Doors([Door.of("shop", "https://hooks.example.com/m?token={secret}", secrets)])
    listener = Listener(doors, {"shop": Keeping(queue, parking)})
    application = AsgiApplication(listener)      # for any ASGI server
    handler = FunctionUrl(listener)              # for AWS Lambda behind a function URL

What keeps a push is handed in (`Keeper`); `Batcher` makes one of whatever sends several at once.
Nothing here knows a service, a file or a terminal.
"""

from reconciler.listening.asgi import AsgiApplication
from reconciler.listening.batching import Batcher, BatchSender
from reconciler.listening.doors import AmbiguousDoors, Door, Doors
from reconciler.listening.function_url import FunctionUrl
from reconciler.listening.keeping import Keeper, Keeping, PushMessage, TryLater, WillNotTake
from reconciler.listening.listener import Bounds, Listener
from reconciler.listening.tallies import Answered, Tallies

__all__ = [
    "AmbiguousDoors",
    "Answered",
    "AsgiApplication",
    "BatchSender",
    "Batcher",
    "Bounds",
    "Door",
    "Doors",
    "FunctionUrl",
    "Keeper",
    "Keeping",
    "Listener",
    "PushMessage",
    "Tallies",
    "TryLater",
    "WillNotTake",
]
