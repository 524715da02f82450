"""What a document means: its topology, its problems and the plan to build it."""
