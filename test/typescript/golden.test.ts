// The generated TypeScript against the golden vectors that the Go runs too.

import { concat, type Hex, keccak256 } from 'viem'
import { expect } from 'vitest'

import * as ocr2 from '../../gen/typescript/ocr2/index.js'
import { eachCase } from './vectors.js'

// --- reports -------------------------------------------------------------------------------------------------------------

const elsewhere = 'is about what Go makes of it, not about an encoding'

eachCase(
  'contracts-report-encoding.json',
  (c) => c.name.match(/^(ocr1|ocr2-median|ocr2-reject|ocr2|ocr3)-/)?.[1] ?? c.name,
  {
    ocr2: ({ input, output }) => {
      const report = ocr2.decodeMedianReport(output.report)
      expect(ocr2.encodeMedianReport(report)).toBe(output.report)
      const observers = Array.from(report.observations, (_, i) => Number(`0x${report.rawObservers.slice(2 + 2 * i, 4 + 2 * i)}`))
      const made = input.observations.map((o: any) => `${o.observer}: ${o.value}`)
      expect(report.observations.map((value, i) => `${observers[i]}: ${value}`).sort()).toEqual(made.sort())
      if (output.median !== undefined) {
        expect(String(report.observations[Math.floor(report.observations.length / 2)])).toBe(output.median)
      }
      if (output.signedHash !== undefined) {
        expect(keccak256(concat([keccak256(output.report), ...output.reportContext]))).toBe(output.signedHash)
      }
    },
    // Contracts, and so oracles, take some reports that are not what an encoder writes. A strict decoder does not.
    'ocr2-median': ({ input }) => {
      let report
      try {
        report = ocr2.decodeMedianReport(input.report)
      } catch (error) {
        expect(error).toBeInstanceOf(ocr2.DecodeError)
        return
      }
      expect(ocr2.encodeMedianReport(report)).toBe(input.report)
    },
    'ocr2-reject': elsewhere,
    ocr1: 'the OCR1 contracts have no TypeScript yet',
    ocr3: 'the OCR3 contracts have no TypeScript yet',
  },
)

// --- config digests ------------------------------------------------------------------------------------------------------

eachCase('contracts-config-digest.json', (c) => c.name.replace(/[-0-9]+$/, ''), {
  'ocr2-dg': ({ input, output }) => {
    const preimage: ocr2.EVMSimplePreimage = {
      ...input,
      chainId: BigInt(input.chainId),
      configCount: BigInt(input.configCount),
      offchainConfigVersion: BigInt(input.offchainConfigVersion),
    }
    expect(ocr2.encodeEVMSimplePreimage(preimage)).toBe(output.preimage)
    expect(ocr2.digestEVMSimple(preimage)).toBe(output.configDigest)
  },
  'ocr1-dg': 'the OCR1 contracts have no TypeScript yet',
  'ocr2-digester-reject-signer': elsewhere,
  'ocr2-digester-reject-transmitter': elsewhere,
})

// --- configs -------------------------------------------------------------------------------------------------------------

eachCase('config-encoding.json', (c) => c.input.kind, {
  medianOnchainConfig: ({ input, output }) => {
    const config = { minAnswer: BigInt(input.min), maxAnswer: BigInt(input.max) }
    if (output.error !== undefined) {
      expect(() => ocr2.encodeMedianOnchainConfig(config)).toThrow(ocr2.EncodeError)
      return
    }
    expect(ocr2.encodeMedianOnchainConfig(config)).toBe(output.encoded)
    // That the minimum is not above the maximum is a rule of the plugin, not of the encoding.
    expect(ocr2.decodeMedianOnchainConfig(output.encoded)).toEqual(config)
  },
  medianOnchainConfigDecode: ({ input, output }) => {
    const decoded = () => ocr2.decodeMedianOnchainConfig(input.encoded as Hex)
    if (output.error !== undefined) {
      expect(decoded).toThrow(ocr2.DecodeError)
    } else {
      expect(decoded()).toEqual({ minAnswer: BigInt(output.min), maxAnswer: BigInt(output.max) })
    }
  },
  serializeSigned: elsewhere,
  deserializeSigned: elsewhere,
  quorum: elsewhere,
  peerID: elsewhere,
  peerIDParse: elsewhere,
  peerIDFromPublicKey: elsewhere,
  peerPrivateKey: elsewhere,
  bootstrapperLocator: elsewhere,
  medianOffchainConfig: elsewhere,
  medianOffchainConfigDecode: elsewhere,
})
