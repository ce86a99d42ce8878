"""How fast the whole program is, against loopback stubs with latency: `make bench`."""
