"""Reports: one at once, schedules, and the ledger of what became of them."""
