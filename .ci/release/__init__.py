"""Makes a release and checks it, as far as that needs no account: `make release-check`."""
