/**
 * What the first bytes of a connection say of the name that it is for: it, that there is none, since it is another
 * protocol or names nobody, or what keeps it from being understood in one way only.
 */
export type Peeked = { name: string } | { nameless: string } | { wrong: string } | "more";
