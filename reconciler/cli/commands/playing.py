"""Commands to try things out without any service.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from typing import Annotated

import typer

from reconciler.cli.state import state_of


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: any.")] = 8765,
) -> int:
    """Serve loopback stand-ins of all four services until stopped."""
    from reconciler.cli.sandboxing import serve

    return serve(port)


def demo(context: typer.Context) -> int:
    """Run the whole story on bundled declarations and a sandbox."""
    from reconciler.cli.demo import tell

    state = state_of(context)
    return tell(state, state.invoke)
