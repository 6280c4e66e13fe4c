"""Samples of metrics: taken every 15 s from expositions, held in dense matrices, kept across a restart."""
