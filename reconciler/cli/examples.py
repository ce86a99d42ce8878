"""Examples at the end of every `--help`."""

OF_ALL = (
    "reconciler init acme   # start a repository",
    "reconciler validate    # check what subscriptions/ declares",
    "reconciler plan        # show what apply would do",
    "reconciler apply       # ask, and do it",
)
EXAMPLES = {
    "init": (
        "reconciler init",
        "reconciler init acme-notifications --service aws --service sp-api",
        "reconciler init --repository acme/notifications --no-workflows",
    ),
    "add": (
        "reconciler add seller acme-es",
        "reconciler add seller acme-es --refresh-token env:ES_TOKEN --label tier=gold",
    ),
    "validate": (
        "reconciler validate",
        "reconciler validate subscriptions --format json",
    ),
    "plan": (
        "reconciler plan --out plan.json   # for `reconciler apply --plan`",
        "reconciler plan --live snapshot.json --format markdown",
        "reconciler plan --target 'subscription.de-*' --account acme-app",
        "reconciler plan --adopt queue.offers --max-deletes 5",
    ),
    "apply": (
        "reconciler apply",
        "reconciler apply --plan plan.json --yes --journal journal.jsonl",
        "reconciler apply --yes --time-limit 50m   # what is left, the next run does",
        "reconciler apply --unprotect queue.offers --allow-non-empty",
    ),
    "destroy": (
        "reconciler destroy",
        "reconciler destroy --account aws-eu --max-deletes 20 --allow-non-empty",
    ),
    "drift": (
        "reconciler drift",
        "reconciler drift --live snapshot.json --format json",
    ),
    "snapshot": (
        "reconciler snapshot --out snapshot.json",
        "reconciler snapshot --shard 1/4 --out snapshot-1.json",
        "reconciler snapshot --merge snapshot-1.json snapshot-2.json --out all.json",
        "reconciler snapshot --latest --max-age 26h --out snapshot.json   # in a job",
    ),
    "post": (
        "reconciler post --result result.json   # in a job, after `apply --out`",
        "reconciler post --ended unchanged",
    ),
    "status": (
        "reconciler status",
        "reconciler status --check --max-age 30m --max-waiting 500",
        "reconciler status --arrivals 14d",
        "reconciler status --check --max-quiet 2x   # for a schedule",
    ),
    "verify": (
        "reconciler verify",
        "reconciler verify --static",
        "reconciler verify --target 'subscription.de-*' --timeout 120",
    ),
    "receive": (
        "reconciler receive offers",
        "reconciler receive offers --type ANY_OFFER_CHANGED --follow --format jsonl",
        "reconciler receive offers-dlq --max 100 --delete   # print, then delete",
    ),
    "listen": (
        "reconciler listen --host 0.0.0.0 --port 8080",
        "reconciler listen --exec './handle-push' --secret env:NEW_TOKEN",
    ),
    "doctor": (
        "reconciler doctor",
        "reconciler doctor --account acme-app --format json",
    ),
    "export": (
        "reconciler export --out subscriptions   # adds subscriptions/exported.yaml",
        "reconciler export --account aws-eu",
    ),
    "migrate": (
        "reconciler migrate",
        "reconciler migrate --seller A2EXAMPLE1SELLER=acme-uk --out sp-api.yaml",
    ),
    "decode": (
        "reconciler decode message.json",
        "aws sqs receive-message --queue-url URL | reconciler decode --format text",
    ),
    "graph": (
        "reconciler graph --declared   # no service is asked",
        "reconciler graph --live snapshot.json --format svg --out wiring.svg",
        "reconciler graph --format dot | dot -Tpdf > wiring.pdf",
    ),
    "report": (
        "reconciler report --out report.html",
        "reconciler report --live snapshot.json --drift --out drift.html",
    ),
    "schema": ("reconciler schema > reconciler.schema.json",),
    "sandbox": (
        "reconciler sandbox",
        "reconciler sandbox --port 9000   # then: --sandbox http://127.0.0.1:9000",
    ),
    "demo": ("reconciler demo",),
}
"""Command lines by command; `#` begins a comment."""


def epilog(lines: tuple[str, ...]) -> str:
    """Return examples as the end of a help text, whose lines are left as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
