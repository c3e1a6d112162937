"""The only code that talks to Uploadcare: calls, error translation, waiting for completion.

Its rooms, from the outside in: ``client`` (what the journey calls), ``uploading`` and ``delivery`` (bodies too large
for memory), ``answers`` (values), ``refusals`` (errors), ``wire`` and ``connections`` (how requests travel),
``signing`` (what is taken from pyuploadcare), ``launching`` (the answer to the paid call), and ``polling`` (when to ask
about a removal; pure).

Nothing outside this folder sees a response, a status code or an exception of the HTTP library.
"""
