"""A courier that does not exist: its channels keep news of parcels, its hooks fill them.

This folder is a whole service. What stands outside it about a service is one line of wiring.
"""
