"""The labelled library: pictures with copies of them, and a table that says what belongs together.

    python -m tests.bench.labelled OUT [--half tune|held-out] [--size small|full] [--seed N]

writes OUT/pictures and OUT/truth.csv. Look at `tune` while tuning; `held-out` decides.
"""
