"""REST resources beside files: project, groups, labels, copies, and the refusals of features without a stand-in.

The resources that a photo needs on its way belong in ``api`` itself.
"""
