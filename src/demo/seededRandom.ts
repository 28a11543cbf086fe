/** Random numbers that depend on a seed and an index alone, so that a record can be made again instead of kept. */

/** 32 evenly spread bits (the finalizer of murmur3 over two mixed words). */
export const hash32 = (seed: number, index: number): number => {
  let h = (seed ^ Math.imul(index + 0x9e3779b9, 0x85ebca6b)) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** The same for text (FNV-1a, finalized): which shard a document lies on, which documents a fault picks. */
export const hashText = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return hash32(h, 0)
}

export interface Random {
  /** From 0 to below 1. */
  readonly next: () => number
  /** A whole number from 0 to below `bound`. */
  readonly below: (bound: number) => number
}

export const seededRandom = (seed: number): Random => {
  let calls = 0
  const next = () => hash32(seed, calls++) / 0x1_0000_0000
  return { next, below: (bound) => Math.floor(next() * bound) }
}
