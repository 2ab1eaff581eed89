// Codec: digests, random bytes, comparisons of secrets, gzip and ZIP, over libcrypto and zlib. In charge of the border to those two
// libraries: Swift arrays go in and come out, no pointer leaves. It must never compare secrets any other way than in constant time,
// never unpack without a bound, and knows nothing of what the bytes mean.
