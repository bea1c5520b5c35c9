"""Draws the pictures of the demo library. Needed only for rebuilding it, never for running."""
