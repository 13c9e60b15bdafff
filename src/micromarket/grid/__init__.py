"""Networks that power flow governs: what can flow between nodes, and what each node's power is then worth."""
