"""What a run says of credentials that are not there."""

DECLARED = """
stack: acme
policy: {prune: true}
accounts:
  uk:
    service: mws
    sellerId: A2EXAMPLE1SELLER
    marketplaceId: A1F83G8C2ARO7P
    endpoint: http://127.0.0.1:1
    credentials: {accessKeyId: env:UNSET_MWS_KEY, secretKey: env:UNSET_MWS_SECRET}
  app:
    service: sp-api
    region: eu
    endpoint: http://127.0.0.1:1
    tokenEndpoint: http://127.0.0.1:1/token
    credentials: {clientId: env:UNSET_CLIENT, clientSecret: env:SET_SECRET}
    sellers: {de: {refreshToken: "env:UNSET_DE"}, fr: {refreshToken: "env:UNSET_FR"}}
"""
ALL = ("UNSET_CLIENT", "UNSET_DE", "UNSET_FR", "UNSET_MWS_KEY", "UNSET_MWS_SECRET")


def test_a_plan_names_all_variables_that_are_not_set_at_once(cli, world, monkeypatch):
    monkeypatch.setenv("SET_SECRET", "s3cret-of-the-application")
    ended = cli("plan", world(DECLARED, head=""))
    assert ended.code == 1
    assert ended.err == (
        f"not set: {', '.join(ALL)}; give these environment variables their values: `reconciler "
        "doctor` tells where each belongs\n"
    )
    told = cli("doctor", world(DECLARED, head="")).out
    assert all(f"the environment variable {name} is not set" in told for name in ALL)


def test_a_sandbox_needs_no_variable(cli, world, sandbox):
    ended = cli("plan", world(DECLARED, head=""), "--sandbox", sandbox.url)
    assert (ended.code, ended.err) == (0, "")
