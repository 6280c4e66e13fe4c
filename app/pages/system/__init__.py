"""The system: health in detail, response times, resources, store, intake, errors, queries, traces."""
