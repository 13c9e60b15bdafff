"""Local assets: each answers schedule, curves and deliver; fleets as arrays; pure."""
