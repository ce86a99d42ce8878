"""The nouns: what is declared, what is live, what a plan says about them, what can go wrong."""
