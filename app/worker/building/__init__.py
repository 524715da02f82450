"""What a design says, as objects of Keras: layers, models, and a design's own code."""
