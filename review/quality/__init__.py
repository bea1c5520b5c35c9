"""How good the verdicts are: agreement, what was missed, what another threshold would cost."""
