"""Bodies that schemathesis cannot write by itself: what it threw, as one gzip member."""

import gzip

import schemathesis


@schemathesis.serializer("application/gzip")
def gzip_member(context, value):
    data = getattr(value, "data", value)
    if isinstance(data, str):
        data = data.encode()
    return gzip.compress(bytes(data) + b"\n") if isinstance(data, (bytes, bytearray)) else repr(data).encode()
