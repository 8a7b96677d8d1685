"""The demo: a broker, Redis, workers, traffic and a live picture, from one command."""
