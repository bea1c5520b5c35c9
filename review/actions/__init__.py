"""Carrying out approved action plans on files.

`troubles`, `opening`, `moving`, `references` and `facts` are pure: they know files and descriptors,
and nothing of Django. Everything else keeps the ledger around them.
"""
