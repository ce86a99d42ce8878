"""What is told of what is there: drift, health, delivery, and what keeps accounts from working."""
