"""Amazon SQS: queues with their policy, redrive and tags."""
