"""The market case where customers trade continuously, hours before delivery."""
