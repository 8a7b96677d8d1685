"""The peers: what other ways of doing the work cost, over the same bytes."""
