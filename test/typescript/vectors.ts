// Golden vectors: JSON files of cases that pin down formats which other implementations can see. They are in testdata here, or
// beside the Go tests of the generated packages; if OCRKIT_VECTORS names a folder, they are in that one.

import { existsSync, readFileSync } from 'node:fs'
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
export type Kind = ((c: Case, file: any) => void) | string

function path(file: string): string {
  const folder = process.env.OCRKIT_VECTORS
  if (folder) return join(folder, file)
  const places = ['testdata/', '../gen/testdata/'].map((place) => fileURLToPath(new URL(place + file, import.meta.url)))
  return places.find(existsSync) ?? places[0]!
}

/** Runs every case of a file. A case of a kind that is not in the table fails. */
export function eachCase(name: string, kindOf: (c: Case) => string, kinds: Record<string, Kind>): void {
  const file = JSON.parse(readFileSync(path(name), 'utf8'))
  describe(name, () => {
    for (const c of file.cases as Case[]) {
      const kind = kinds[kindOf(c)]
      if (kind === undefined) {
        test(c.name, () => {
          throw new Error(`nobody knows how to run a case of the kind ${kindOf(c)}`)
        })
      } else if (typeof kind === 'function') {
        test(c.name, () => kind(c, file))
      }
    }
  })
}
