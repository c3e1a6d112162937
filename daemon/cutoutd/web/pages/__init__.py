"""One module for each page, with its routes and its view model.

Access checks belong in ``access``; data that updates while a page is open belongs in ``live``.
"""
