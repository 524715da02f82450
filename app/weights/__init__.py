"""Weights that people upload: files of Keras weights and word vectors, turned into one safe form."""
