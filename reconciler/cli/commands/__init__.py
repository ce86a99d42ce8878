"""The commands, in the order in which `--help` shows them."""

from reconciler.cli.commands.adding import add
from reconciler.cli.commands.declaring import init, schema, validate
from reconciler.cli.commands.operating import decode, doctor, listen, receive, status, verify
from reconciler.cli.commands.picturing import graph, report
from reconciler.cli.commands.playing import demo, sandbox
from reconciler.cli.commands.reconciling import apply, destroy, drift, plan
from reconciler.cli.commands.recording import export, migrate, post, snapshot

COMMANDS = (
    init,
    add,
    validate,
    plan,
    apply,
    destroy,
    drift,
    snapshot,
    post,
    status,
    verify,
    receive,
    listen,
    doctor,
    export,
    migrate,
    decode,
    graph,
    report,
    schema,
    sandbox,
    demo,
)
