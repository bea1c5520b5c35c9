"""The engine room: decoding, fingerprints and joins. It imports neither Django nor the ORM."""
