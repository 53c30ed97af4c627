/**
 * The least program: what a compiled binary costs by itself.
 *
 * @module
 */
console.log("hello world");
