"""Loops over columns of integers, compiled once and kept: what no expression on columns says."""
