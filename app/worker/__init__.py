"""The only room that speaks Keras."""
