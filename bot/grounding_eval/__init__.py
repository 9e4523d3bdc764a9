"""Measuring the verifier: sentences that are known to be sound or false, made by a program.

Nothing here is shared with the verifier, not even what a number looks like: who measures must
not look through the eyes of what is measured.
"""
