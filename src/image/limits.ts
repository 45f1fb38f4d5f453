/**
 * Every bound that `image/` puts on what others wrote, in one place. They are generous: no honest
 * image known to us comes near one. Crossing a bound is an error for the user, never a truncation.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** A manifest, an index or an image configuration (registries themselves refuse more than 4 MiB). */
export const MANIFEST_BYTES = 4 * MIB;

/** A token, an error message or a credential file. */
export const SMALL_ANSWER_BYTES = 1 * MIB;

/** Layers of one image; docker itself stops at 127. */
export const LAYERS = 512;

/** Index inside index inside index. */
export const INDEX_DEPTH = 3;

/** A layer blob as stored or sent. */
export const BLOB_BYTES = 64 * GIB;

/** What a compressed layer or archive may expand to, whatever its size. */
export const EXPANDED_BYTES = 256 * GIB;

/**
 * What a compressed stream may expand to: a fixed part, so that a small file of zeros is fine, and
 * a part by its compressed size. DEFLATE reaches 1032:1, ordinary layers 2:1 to 5:1.
 */
export const EXPANSION = { free: 2 * GIB, ratio: 100 } as const;

/** Members of an outer archive (`docker save`, `oci-archive:`). */
export const ARCHIVE_MEMBERS = 65_536;

/** One extended header (pax or GNU long name) of an outer archive. */
export const ARCHIVE_HEADER_BYTES = 1 * MIB;

/** Symbolic links followed inside an outer archive, for one name. */
export const ARCHIVE_LINKS = 8;

/** Redirects followed for one request. */
export const REDIRECTS = 5;

/** Layers fetched and indexed at a time. */
export const PARALLEL_LAYERS = 3;

/** Milliseconds a registry may take to connect, to start its answer, and between two pieces of it. */
export const NETWORK_MS = { connect: 15_000, headers: 60_000, stall: 60_000 };

/** How often a failed request, or a cut download that made no progress, is tried in all. */
export const ATTEMPTS = 5;

/** How often one download may be cut and resumed in all, even when it makes progress each time. */
export const RESUMES = 50;

/** What a download must bring before it is cut again, to count as progress. */
export const PROGRESS_BYTES = 64 * KIB;

/** Of an answer that nobody wants, what is read so that its connection can be used again. */
export const DISCARDED_BYTES = 64 * KIB;

/** How far a layer that turned out bad is read on, to tell a damaged download from a bad image. */
export const EXPLAIN_BYTES = 256 * MIB;

/** Milliseconds: the longest pause between attempts, and the longest `Retry-After` obeyed. */
export const RETRY_MS = { first: 500, most: 60_000 } as const;

/** Milliseconds a credential helper may take. */
export const HELPER_MS = 30_000;
