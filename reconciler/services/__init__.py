"""Talk: one folder a service, each behind the same four verbs."""
