"""Models of Keras 1 and 2 in the words of Keras 3."""
