"""The order of the stages, and the threads they run in."""
