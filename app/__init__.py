"""Layerloom: draw a Keras model, train it, watch it live, share it."""
