"""Whether a design can be trained, before anything is started."""
