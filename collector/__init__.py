"""The event collector: takes events by HTTP and answers once they are on disk. It writes data/raw and nothing else.

Start at app.py (a request from its first byte to its answer); writer.py gathers requests and writes them together,
files.py knows the files. events.py judges events, policy.py who may send them. It knows `pipeline.settings` and
`pipeline.home`, and nothing of a night.
"""
