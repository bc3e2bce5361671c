// The generated TypeScript against the golden vectors that the Go runs too.

import { concat, type Hex, keccak256, padHex, size, toHex } from 'viem'
import { expect } from 'vitest'

import * as ocr1 from '../../gen/typescript/ocr1/index.js'
import * as ocr2 from '../../gen/typescript/ocr2/index.js'
import * as ocr3 from '../../gen/typescript/ocr3/index.js'
import { eachCase } from './vectors.js'

const elsewhere = 'is about what Go makes of it, not about an encoding'

/** Asserts that what decodes is what encodes to the same bytes, and that the rest is a DecodeError; says whether it decodes. */
function strict<T>(decode: (data: Hex) => T, encode: (value: T) => Hex, error: abstract new (...args: any) => Error, data: Hex): boolean {
  let value
  try {
    value = decode(data)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(error)
    return false
  }
  expect(encode(value)).toBe(data)
  return true
}

// --- reports -------------------------------------------------------------------------------------------------------------

/** Which oracle made which observation. */
function made(report: { rawObservers: Hex; observations: readonly bigint[] }): string[] {
  return report.observations.map((value, i) => `${Number(`0x${report.rawObservers.slice(2 + 2 * i, 4 + 2 * i)}`)}: ${value}`)
}

const given = (observations: any[]): string[] => observations.map((o) => `${o.observer}: ${o.value}`)

eachCase(
  'contracts-report-encoding.json',
  (c) => c.name.match(/^(ocr1|ocr2-median|ocr2-reject|ocr2|ocr3)-/)?.[1] ?? c.name,
  {
    ocr1: ({ input, output }) => {
      const { configDigest, epoch, round, observations } = input
      const report: ocr1.Report = {
        rawReportContext: ocr1.encodeReportContext({ configDigest, epoch, round }),
        rawObservers: padHex(concat(observations.map((o: any) => toHex(o.observer, { size: 1 })) as Hex[]), { dir: 'right' }),
        observations: observations.map((o: any) => BigInt(o.value)),
      }
      expect(ocr1.encodeReport(report)).toBe(output.report)
      expect(ocr1.decodeReport(output.report)).toEqual(report)
      expect(ocr1.decodeReportContext(report.rawReportContext)).toEqual({ configDigest, epoch, round })
      expect(made(report)).toEqual(given(observations))
      expect(keccak256(ocr1.encodeReport(report))).toBe(output.signedHash)
    },
    ocr2: ({ input, output }) => {
      const report = ocr2.decodeMedianReport(output.report)
      expect(ocr2.encodeMedianReport(report)).toBe(output.report)
      expect(made(report).sort()).toEqual(given(input.observations).sort())
      if (output.median !== undefined) {
        expect(String(report.observations[Math.floor(report.observations.length / 2)])).toBe(output.median)
      }
      if (output.signedHash !== undefined) {
        expect(keccak256(concat([keccak256(output.report), ...output.reportContext]))).toBe(output.signedHash)
      }
    },
    // Contracts, and so oracles, take some reports that are not what an encoder writes. A strict decoder does not.
    'ocr2-median': ({ input }) => {
      strict(ocr2.decodeMedianReport, ocr2.encodeMedianReport, ocr2.DecodeError, input.report)
    },
    'ocr2-reject': elsewhere,
    ocr3: ({ input, output }) => {
      const hash = ocr3.hashReport({
        configDigest: input.configDigest,
        seqNr: BigInt(input.seqNr),
        hashOfReport: keccak256(input.report),
      })
      expect(hash).toBe(output.signedHash)
    },
  },
)

// --- attestations --------------------------------------------------------------------------------------------------------

const schemes = {
  'ecdsa-secp256k1': {
    attestation: (data: Hex) => strict(ocr3.decodeECDSAAttestation, ocr3.encodeECDSAAttestation, ocr3.DecodeError, data),
    keys: (data: Hex) => strict(ocr3.decodeECDSAKeys, ocr3.encodeECDSAKeys, ocr3.DecodeError, data),
    count: (data: Hex) => ocr3.decodeECDSAKeys(data).keys.length,
    attestationDecodes: (data: Hex) => size(data) % 64 === 4,
  },
  'bls-bn254': {
    attestation: (data: Hex) => strict(ocr3.decodeBLSAttestation, ocr3.encodeBLSAttestation, ocr3.DecodeError, data),
    keys: (data: Hex) => strict(ocr3.decodeBLSKeys, ocr3.encodeBLSKeys, ocr3.DecodeError, data),
    count: (data: Hex) => ocr3.decodeBLSKeys(data).keys.length,
    attestationDecodes: (data: Hex) => size(data) === 37,
  },
}

// What the contracts refuse for its length does not decode. What else may be wrong with it is beyond its form.
eachCase('contracts-ocr3-attestation.json', () => 'attestation', {
  attestation: ({ input, output }, file) => {
    const setup = file.setups[input.setup]
    const scheme = schemes[setup.scheme as keyof typeof schemes]
    const reason: string | undefined = output.steps.at(-1).expect.reason
    const all = concat(setup.keys.map((key: any) => key.keyBytes) as Hex[])
    expect(scheme.keys(all)).toBe(true)
    expect(scheme.count(all)).toBe(setup.keys.length)
    if (input.keys !== undefined) expect(scheme.keys(input.keys)).toBe(reason !== 'KeysOfInvalidSize')
    if (input.attestation !== undefined) {
      const decodes = scheme.attestation(input.attestation)
      expect(decodes).toBe(scheme.attestationDecodes(input.attestation))
      if (!decodes) expect(reason).toBe('InvalidAttestationLength')
    }
    if (input.report !== undefined) {
      const hash = ocr3.hashReport({
        configDigest: setup.configDigest,
        seqNr: BigInt(input.seqNr),
        hashOfReport: keccak256(input.report),
      })
      expect(hash).toBe(input.reportHash)
    }
  },
})

// --- config digests ------------------------------------------------------------------------------------------------------

function ocr1Preimage(input: any): ocr1.ConfigPreimage {
  return {
    contractAddress: input.contractAddress,
    configCount: BigInt(input.configCount),
    signers: input.signers,
    transmitters: input.transmitters,
    threshold: input.threshold ?? input.f,
    encodedConfigVersion: BigInt(input.encodedConfigVersion),
    encoded: input.encoded,
  }
}

function ocr1Digest({ input, output }: { input: any; output: any }): void {
  const preimage = ocr1Preimage(input)
  if (output.preimage !== undefined) expect(ocr1.encodeConfigPreimage(preimage)).toBe(output.preimage)
  expect(ocr1.digestConfig(preimage)).toBe(output.configDigest)
}

eachCase('contracts-config-digest.json', (c) => c.name.replace(/[-0-9]+$/, ''), {
  'ocr1-dg': ocr1Digest,
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
  'ocr2-digester-reject-signer': elsewhere,
  'ocr2-digester-reject-transmitter': elsewhere,
})

eachCase('config-digest.json', (c) => c.input.kind, {
  ocr1Digest,
  evmDigest: elsewhere,
  evmDigestFromContractConfig: elsewhere,
  ocr2ToOCR1Digest: elsewhere,
  digestText: elsewhere,
  digestParse: elsewhere,
  digestFromBytes: elsewhere,
  prefixes: elsewhere,
  checkContractConfig: elsewhere,
  evmReportContext: elsewhere,
  evmOCR3ReportHashes: elsewhere,
  splitSignature: elsewhere,
})

// --- configs -------------------------------------------------------------------------------------------------------------

/** What the vectors say is in an encoded configuration of OCR1. */
function checkConfig(config: ocr1.EncodedConfig, want: any): void {
  const { oracleIdentities, ...rest } = want
  for (const name of ['deltaProgress', 'deltaResend', 'deltaRound', 'deltaGrace', 'deltaC', 'deltaStage', 'alphaPPB'] as const) {
    expect(String(config[name]), name).toBe(rest[name])
  }
  expect(config.rMax).toBe(rest.rMax)
  expect(config.s).toEqual(rest.s)
  expect(config.peerIDs).toBe(oracleIdentities.map((oracle: any) => oracle.peerID).join(','))
  expect(config.offchainPublicKeys).toEqual(oracleIdentities.map((oracle: any) => oracle.offchainPublicKey))
}

function endToEnd({ input, output }: { input: any; output: any }): void {
  const { setConfigArgs } = output
  const config = ocr1.decodeEncodedConfig(setConfigArgs.encoded)
  expect(ocr1.encodeEncodedConfig(config)).toBe(setConfigArgs.encoded)
  checkConfig(config, output.publicConfig)
  expect(config.sharedSecretEncryptions.encryptions.length).toBe(setConfigArgs.signers.length)
  const { contractAddress, configCount } = input
  expect(ocr1.digestConfig(ocr1Preimage({ ...setConfigArgs, contractAddress, configCount }))).toBe(output.configDigest)
}

eachCase('config-ocr1.json', (c) => c.input.kind, {
  setConfigEndToEnd: endToEnd,
  integrationTestHelper: endToEnd,
  decode: ({ input, output }) => {
    const { encoded } = input.contractConfig
    const decodes = strict(ocr1.decodeEncodedConfig, ocr1.encodeEncodedConfig, ocr1.DecodeError, encoded)
    if (decodes && output.publicConfig !== undefined) checkConfig(ocr1.decodeEncodedConfig(encoded), output.publicConfig)
  },
  sharedConfig: elsewhere,
  onchainSign: elsewhere,
  chainClasses: elsewhere,
})

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
