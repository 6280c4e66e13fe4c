"""Trends: any figure over time by any dimension."""
