"""Who is told about which alert, and when: the semantics are Alertmanager's. Clocks are passed in; milliseconds."""
