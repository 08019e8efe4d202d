"""One file per way out; `base.py` is the contract all of them keep."""
