"""Training runs: their states, events, curves, artifacts and reports."""
