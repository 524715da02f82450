"""Identifiers, the clock and the one error base that every room may use."""
