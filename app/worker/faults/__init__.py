"""What each family of Keras' errors means for someone who drew a network, and how to mend it."""
