"""What exists in Keras, as data: every class, its parameters and its ports."""
