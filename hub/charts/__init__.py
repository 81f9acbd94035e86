"""Drawings that a newspaper could print: numbers and words in, SVG out. Pure; nothing of the hub is known here.

Black, white and greys alone, told apart by shape and hatching. Presentation by attributes only, so that a page's strict
policy on styles holds and the same drawing is a file of its own. Every drawing carries its caption.
"""
