"""Markets in time: their states, series that refine and correct each other, and the prices they expect."""
