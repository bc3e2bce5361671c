// The generated TypeScript against what the generated Go does, on random values and on bytes that are nearly encodings of
// values: made_test.go writes these vectors, and fails when Go says something else than they do.

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { Hex } from 'viem'
import { hexToBytes } from 'viem'
import { describe, expect, test } from 'vitest'

import * as hard from '../../codegen/testdata/hard/want-typescript/index.js'
import * as plain from '../../codegen/testdata/hard/want-abi-typescript/index.js'
import * as layouts from '../../codegen/testdata/layouts/want-typescript/index.js'
import * as types from '../../codegen/testdata/types/want-typescript/index.js'
import * as ocr1 from '../../gen/typescript/ocr1/index.js'
import * as ocr2 from '../../gen/typescript/ocr2/index.js'
import * as ocr3 from '../../gen/typescript/ocr3/index.js'

const packages: Record<string, Record<string, unknown>> = { hard, layouts, ocr1, ocr2, ocr3, plain, types }

interface Vector {
  codec: string
  value?: unknown
  data: Hex
  digest?: Hex
  by?: string
  error?: { field: string; offset: number; reason: string }
  notUTF8?: boolean
}

type Encode = (value: unknown) => Hex
type Decode = (data: Hex | Uint8Array) => unknown

const folder = new URL('testdata/made/', import.meta.url)

/** A value of a vector as TypeScript has it. */
function revive(value: any): unknown {
  if (Array.isArray(value)) return value.map(revive)
  if (typeof value !== 'object') return value
  if (typeof value.int === 'string') return BigInt(value.int)
  if (typeof value.string === 'string') return value.string
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revive(member)]))
}

function thrown(action: () => unknown): any {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('each package with TypeScript has vectors', () => {
  const names = readdirSync(fileURLToPath(folder)).map((file) => file.replace('.json', ''))
  expect(names.sort()).toEqual(Object.keys(packages).sort())
  const generated = readdirSync(fileURLToPath(new URL('../../gen/typescript', import.meta.url)), { withFileTypes: true })
  const folders = generated.filter((entry) => entry.isDirectory() && !/^(dist|node_modules)$/.test(entry.name))
  expect(Object.keys(packages)).toEqual(expect.arrayContaining(folders.map((entry) => entry.name)))
})

for (const [name, generated] of Object.entries(packages)) {
  const vectors: Vector[] = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
  const codecs = new Map<string, Vector[]>()
  for (const v of vectors) codecs.set(v.codec, [...(codecs.get(v.codec) ?? []), v])

  describe(name, () => {
    test('each codec and each digest has vectors', () => {
      const functions = Object.keys(generated).filter((key) => typeof generated[key] === 'function')
      const encoders = functions.filter((key) => key.startsWith('encode')).map((key) => key.slice('encode'.length))
      expect(encoders.sort()).toEqual([...codecs.keys()].sort())
      const digests = functions.filter((key) => /^(digest|hash)[A-Z]/.test(key))
      expect(digests.sort()).toEqual([...new Set(vectors.flatMap((v) => v.by ?? []))].sort())
    })

    for (const [codec, list] of codecs) {
      const encode = generated[`encode${codec}`] as Encode
      const decode = generated[`decode${codec}`] as Decode | undefined
      const valid = list.filter((v) => v.value !== undefined)
      const invalid = list.filter((v) => v.value === undefined)

      test(`${codec}: ${valid.length} values`, () => {
        expect(valid.length).toBeGreaterThan(0)
        for (const v of valid) {
          const value = revive(v.value)
          expect(encode(value)).toBe(v.data)
          if (decode !== undefined) {
            expect(decode(v.data), v.data).toEqual(value)
            expect(decode(hexToBytes(v.data)), v.data).toEqual(value)
          }
          if (v.by !== undefined) expect((generated[v.by] as Encode)(value)).toBe(v.digest)
        }
      })

      if (decode === undefined) continue
      test(`${codec}: ${invalid.length} that are none`, () => {
        expect(invalid.length).toBeGreaterThan(0)
        for (const v of invalid) {
          const error = thrown(() => decode(v.data))
          expect(error, v.data).toBeInstanceOf(generated.DecodeError as any)
          if (v.notUTF8 || error.reason === 'is not UTF-8') {
            // Go goes on: it has strings of any bytes.
            expect(error.reason, v.data).toBe('is not UTF-8')
          } else {
            const { what, field, offset, reason } = error
            expect({ what, field, offset, reason }, v.data).toEqual({ what: codec, ...v.error })
          }
        }
      })
    }
  })
}
