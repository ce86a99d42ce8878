"""Who we are to the services: secrets, and the chains that AWS and Google find credentials by."""
