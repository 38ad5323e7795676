"""Where a picture moves, and whether the camera itself is tampered with. Arithmetic on arrays only."""
