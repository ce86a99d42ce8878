"""EventBridge in an AWS account: event buses of Amazon's partner event sources, and their rules."""
