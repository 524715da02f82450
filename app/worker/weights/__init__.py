"""Weights to start from, and files of them."""
