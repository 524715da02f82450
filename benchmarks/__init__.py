"""Measurements against a peer in the same run; ratios, since machines differ."""
