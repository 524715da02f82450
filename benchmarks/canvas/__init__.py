"""Frames a second of the canvas beside plain React Flow with the same network, in one run."""
