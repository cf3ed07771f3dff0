/** Milliseconds. A publish that takes longer than half of it gives up, so that nothing it counts on is ever older. */
export const defaultGrace = 24 * 3_600_000;

/** Milliseconds: how long ago a client may have begun, and still find all that it needs. */
export const defaultKeepFor = 24 * 3_600_000;
