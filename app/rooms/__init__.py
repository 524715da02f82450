"""The process that holds the Yjs documents: applies an update, stores it, and only then says so."""
