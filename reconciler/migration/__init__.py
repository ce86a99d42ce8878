"""From MWS to the SP-API: the declarations that take over, and the way there."""
