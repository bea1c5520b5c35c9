"""How well a scan does on a folder of which somebody knows what belongs together. No Django."""
