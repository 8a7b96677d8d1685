"""The domain: pure, deterministic, batch-oriented. Bytes and times in, bytes and records out."""
