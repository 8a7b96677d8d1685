"""Measurements, with peers over the same bytes in the same run. See `benchmarks.__main__`."""
