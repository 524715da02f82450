"""A plan written out as Python that a person would like to read; output only, never executed by training."""
