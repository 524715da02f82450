"""Every node of a design called dry: shapes, counts, costs, and errors in words."""
