"""The policy packs that ship with the project."""
