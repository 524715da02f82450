"""Training data: bundled sets, the sets of Keras and uploaded tables, loaded, split and described."""
