/** The files that a design can be made of, by the end of their names. */
export const IMPORT_TYPES = [".keras", ".h5", ".hdf5", ".json", ".py", ".ipynb"] as const;
