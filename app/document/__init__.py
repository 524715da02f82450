"""The design file: its schema, its migrations, its digest and its pure edit operations."""
