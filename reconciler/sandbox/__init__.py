"""Loopback stand-ins of the four services, behind one port on 127.0.0.1.

SQS, STS and the tagging API are moto's, mended where moto differs from AWS; Login with Amazon, MWS
Subscriptions, SP-API Notifications and Merchant Notifications are our own, written from the
services' documentation and from nothing in this project.

    with Sandbox() as sandbox:
        print(sandbox.url)

`GET /_sandbox/` on the same port lists the controls.
"""

from reconciler.sandbox.server import Sandbox

__all__ = ["Sandbox"]
