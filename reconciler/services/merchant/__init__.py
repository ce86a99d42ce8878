"""Google Merchant API, Notifications v1: subscriptions that push to a call back URI."""
