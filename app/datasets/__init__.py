"""Bundled, Keras and uploaded data sets: what they hold and how they are read."""
