// Upstream: libcurl on a loop. It is in charge of transfers and their limits (time, size, speed, how many at once) and of
// telling in what way one failed. It knows nothing of what a transfer means: no dataset, no retry, no budget, no status
// that is good or bad. It never shows a secret, never follows a redirect, never trusts a certificate it could not verify,
// and never blocks the loop.
