"""Amazon MWS Subscriptions: destinations and subscriptions of one seller in one marketplace."""
