"""The closed unions that processes send one another."""
