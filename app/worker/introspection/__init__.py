"""The catalog, derived from the installed Keras."""
