"""Vendored data of the text engine, and the scripts that make its tables."""
