"""The page of alerts: what fires, what was, silences, rules and deliveries."""
