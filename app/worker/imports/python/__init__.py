"""Python scripts read as designs by their syntax tree alone; nothing in them is executed."""
