"""Cameras that fail for half an hour in every way there is: `make soak-cameras`, SOAK_MINUTES to shorten it."""
