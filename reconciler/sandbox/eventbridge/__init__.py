"""Amazon EventBridge: partner event sources, buses, rules and targets, and what goes through them.

Source: EventBridge API Reference and User Guide, Partner Onboarding Guide, recordings validated
against AWS by others. moto has the service, but knows nothing of a source's life and cuts the names
of partner buses.
"""
