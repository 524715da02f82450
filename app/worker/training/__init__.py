"""A training, from a job to its last event."""
