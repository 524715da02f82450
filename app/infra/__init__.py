"""Everything replaceable or foreign: database, job engine, event bus, artifact store, child processes."""
