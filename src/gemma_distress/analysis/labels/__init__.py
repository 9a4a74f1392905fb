"""Replies for people to rate: drawn with known chances, written blind, read back."""
