"""Returned mail the classifier's rules were not made from: written in the manner of common mail systems."""
