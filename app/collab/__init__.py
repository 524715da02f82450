"""The editing socket: access, rate and size are checked here, then an update goes to its room."""
