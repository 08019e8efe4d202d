"""The sample organisation: a brand, people, and ninety days of simulated past, all marked and removable."""

from tidings.sample.loading import SampleReport, load_sample
from tidings.sample.organisation import SAMPLE_BRIEF, sample_brief
from tidings.sample.removal import RemovalReport, remove_sample, sample_present

__all__ = [
    "SAMPLE_BRIEF",
    "RemovalReport",
    "SampleReport",
    "load_sample",
    "remove_sample",
    "sample_brief",
    "sample_present",
]
