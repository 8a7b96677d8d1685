"""The demo: a broker, Redis, two workers, traffic and a live picture, from one command."""
