"""A design as files that others can use; each is read back and compared before it is offered (ADR 0113)."""
