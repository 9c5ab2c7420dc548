"""What would users of this service do? Something that describes them is read, and a locustfile is written.

Readers (openapi, har, curl, postman, log) make a `Draft` of it, `writing` makes files of the draft.
"""
