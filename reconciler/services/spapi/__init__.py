"""Selling Partner API Notifications: destinations of an application, subscriptions of sellers."""
