/**
 * How a UUID of version 7 is written (RFC 9562, section 5.7), for the layers that must know ids apart from anything
 * else that a file might hold.
 *
 * @module
 */

/** A UUID of version 7 in lower-case digits, nothing before or behind it. */
export const UUID_VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
