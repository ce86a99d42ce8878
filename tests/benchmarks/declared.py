"""Writes the declarations that the benchmarks run on."""

from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks.services import AWS_ID, EVENTS, REGION, SELLERS_TYPE, merchant_targets

_HEAD = """stack: bench
owns: {callBackUris: ["https://hooks.example.com/"]}
policy: {prune: true, maxDeletes: 100%, discover: DISCOVER}
"""
_AWS = f"""accounts:
  aws-eu: {{service: aws, region: {REGION}, accountId: "{AWS_ID}"}}
queues:
  dead: {{name: bench-dead, encryption: sqs}}
"""
_A_FILE = 20_000
"""Queues in one file, which may not be larger than 32 MiB."""
_QUEUE = """  q-NUMBER:
    name: bench-NUMBER
    visibilityTimeout: 2m
    messageRetentionPeriod: 14d
    receiveMessageWaitTime: 20s
    encryption: sqs
    deadLetter: {queue: dead, maxReceives: 5}
    grants:
      - to: amazon-notifications
    tags:
      team: pricing
      purpose: bench
"""


def queues(folder: Path, total: int) -> Path:
    """Declare `total` queues in 12 lines each, one of them the others' dead-letter queue."""
    parts = [_QUEUE.replace("NUMBER", f"{number:05}") for number in range(1, total)]
    path = _write(folder, f"queues-{total}", [_AWS, *parts[:_A_FILE]])
    for start in range(_A_FILE, len(parts), _A_FILE):
        more = "queues:\n" + "".join(parts[start : start + _A_FILE])
        (path / f"from-{start:06}.yaml").write_text(more, encoding="utf-8")
    return path


def sellers(folder: Path, total: int, *, discover: str) -> Path:
    """Declare an application whose `total` sellers all subscribe to one type."""
    members = (f'      s{n:05}: {{refreshToken: "env:S{n:05}"}}\n' for n in range(1, total + 1))
    parts = [
        "accounts:\n  app:\n    service: sp-api\n    region: eu\n",
        '    credentials: {clientId: "env:BENCH_ID", clientSecret: "env:BENCH_SECRET"}\n',
        "    sellers:\n",
        *members,
        f'destinations:\n  queue: {{account: app, queue: "arn:aws:sqs:{REGION}:{AWS_ID}:bench"}}\n',
        "subscriptions:\n  offers:\n    destination: queue\n",
        f'    notificationType: {SELLERS_TYPE}\n    payloadVersion: "1.0"\n    sellers: all\n',
        "    filter: {marketplaceIds: [A1PA6795UKMFR9], aggregationTimePeriod: FiveMinutes}\n",
    ]
    return _write(folder, f"sellers-{total}-{discover}", parts, discover)


def merchants(folder: Path, total: int) -> Path:
    """Declare `total` Merchant accounts with 20 subscriptions each."""
    numbers = range(1001, 1001 + total)
    accounts = (
        f'  m{n}: {{service: merchant, accountId: "{n}", credentials: anonymous, '
        "endpoint: http://127.0.0.1:1}\n"
        for n in numbers
    )
    subscriptions = (
        f"  s{number}-{place}:\n    account: m{number}\n    registeredEvent: {event}\n"
        f"    targetAccounts: {merchant_targets(number)}\n"
        "    callBackUri: https://hooks.example.com/{targetAccount}/{registeredEvent}\n"
        for number in numbers
        for place, event in enumerate(EVENTS)
    )
    return _write(
        folder, f"merchants-{total}", ["accounts:\n", *accounts, "subscriptions:\n", *subscriptions]
    )


def _write(folder: Path, name: str, parts: Iterable[str], discover: str = "declared") -> Path:
    path = folder / name
    path.mkdir(exist_ok=True)
    text = _HEAD.replace("DISCOVER", discover) + "".join(parts)
    (path / "all.yaml").write_text(text, encoding="utf-8")
    return path
