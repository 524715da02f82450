"""Models of others turned into designs: Keras files, HDF5 and Python, all read as data and never executed."""
