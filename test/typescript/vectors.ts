// Golden vectors: JSON files of cases that pin down formats which other implementations can see. They are in testdata, or,
// if OCRKIT_VECTORS names a folder, in that one.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, test } from 'vitest'

/** A case: an input and what must come out of it. Each kind of case knows the shape of its own. */
export interface Case {
  name: string
  input: any
  output: any
}

/** What to do with the cases of a kind: a test, or the reason why they are nothing to the generated TypeScript. */
export type Kind = ((c: Case) => void) | string

/** Runs every case of a file. A case of a kind that is not in the table fails. */
export function eachCase(file: string, kindOf: (c: Case) => string, kinds: Record<string, Kind>): void {
  const folder = process.env.OCRKIT_VECTORS || fileURLToPath(new URL('testdata', import.meta.url))
  const cases: Case[] = JSON.parse(readFileSync(join(folder, file), 'utf8')).cases
  describe(file, () => {
    for (const c of cases) {
      const kind = kinds[kindOf(c)]
      if (kind === undefined) {
        test(c.name, () => {
          throw new Error(`nobody knows how to run a case of the kind ${kindOf(c)}`)
        })
      } else if (typeof kind === 'function') {
        test(c.name, () => kind(c))
      }
    }
  })
}
