"""Time passes and messages travel: clocks, buses and the loop that runs nodes."""
