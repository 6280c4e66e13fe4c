"""Rules about figures: judged, grouped, silenced and sent."""
