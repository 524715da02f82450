"""A run's outer process: it starts the trainer, keeps its events and speaks with the server."""
