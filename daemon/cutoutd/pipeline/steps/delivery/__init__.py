"""The delivery of one cutout: its download with every check, the doubts about it, and the cutouts it replaces.

The place of a cutout, and the decision which photo gets it, belong one folder above.
"""
