"""Saved designs, their versions, their templates and with whom they are shared."""
